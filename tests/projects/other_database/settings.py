"""A host project with two databases."""

import os
import tempfile
from pathlib import Path

import dj_database_url

from tests.settings import *  # noqa: F403

FILE = Path(tempfile.mkdtemp()) / "default.sqlite3"
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(FILE), "TEST": {"NAME": str(FILE)}},
    "people": {
        **dj_database_url.parse(os.environ["POSTGRESQL_URL"]),
        "TEST": {"NAME": "test_wxlogin_other_database"},
    },
}
DATABASE_ROUTERS = ["tests.projects.other_database.router.Router"]
