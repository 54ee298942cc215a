"""A host project that talks to MariaDB with PyMySQL."""

import os

import dj_database_url
import pymysql

from tests.settings import *  # noqa: F403
from tests.settings import DATABASE_OPTIONS

pymysql.install_as_MySQLdb()

DATABASES = {
    "default": {
        **dj_database_url.parse(os.environ["MARIADB_URL"]),
        "OPTIONS": DATABASE_OPTIONS["mysql"],
        "TEST": {"NAME": "test_wxlogin_pymysql"},
    }
}
