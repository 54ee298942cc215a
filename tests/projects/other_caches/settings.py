"""A host project on PostgreSQL, whose tests choose the cache."""

import os

import dj_database_url

from tests.helpers.servers import free_port
from tests.settings import *  # noqa: F403
from tests.settings import DATABASE_OPTIONS

DATABASES = {
    "default": {
        **dj_database_url.parse(os.environ["POSTGRESQL_URL"]),
        "OPTIONS": {
            **DATABASE_OPTIONS["postgresql"],
            "options": "-c lock_timeout=1s -c statement_timeout=60s",
        },
        "TEST": {"NAME": "test_wxlogin_other_caches"},
    }
}
MEMCACHED_PORT = free_port()
