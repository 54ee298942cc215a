"""A host project that also has Simple JWT's blacklist app, listed after ours. Its documentation asks for no order."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_blacklist"})
INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework_simplejwt.token_blacklist"]
