"""A host project whose connection to MariaDB has MySQL's character set of three bytes."""

import os

import dj_database_url

from tests.settings import *  # noqa: F403
from tests.settings import DATABASE_OPTIONS

DATABASES = {
    "default": {
        **dj_database_url.parse(os.environ["MARIADB_URL"]),
        "OPTIONS": {**DATABASE_OPTIONS["mysql"], "charset": "utf8"},
        # The connection alone: a table that was made with utf8 keeps its columns' own character sets.
        "TEST": {"NAME": "test_wxlogin_utf8", "CHARSET": "utf8"},
    }
}
