"""A host project behind PgBouncer. Its ``conftest`` starts PgBouncer, and sets its port here."""

import os

import dj_database_url

from tests.settings import *  # noqa: F403

DATABASES = {
    "default": {
        **dj_database_url.parse(os.environ["POSTGRESQL_URL"]),
        # Without ``options``, which PgBouncer refuses.
        "OPTIONS": {"connect_timeout": 2},
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "TEST": {"NAME": "test_wxlogin_pgbouncer"},
    }
}
