"""A host project whose users are known by their mobile number."""

import os

import dj_database_url

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, WXLOGIN

INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.mobile_username"]
AUTH_USER_MODEL = "members.Member"
# A run of the usual suite imports this module, too, and may have no PostgreSQL.
DATABASES = {"default": dj_database_url.parse(os.environ.get("POSTGRESQL_URL", "sqlite://:memory:"))}
DATABASES["default"]["TEST"] = {"NAME": "test_wxlogin_members"}
# Tests name the key again, or take it away.
WXLOGIN = {**WXLOGIN, "USER_FACTORY": "tests.projects.mobile_username.factory.make_member"}
