"""A host project on psycopg2. Django takes psycopg wherever it can be imported, so here it can't."""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from typing import Any

import dj_database_url


class WithoutPsycopg(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> None:
        if name.partition(".")[0] == "psycopg":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, WithoutPsycopg())

from tests.settings import *  # noqa: E402, F403

DATABASES = {
    "default": {
        **dj_database_url.parse(os.environ["POSTGRESQL_URL"]),
        "OPTIONS": {"connect_timeout": 2, "options": "-c lock_timeout=1s -c statement_timeout=60s"},
        "TEST": {"NAME": "test_wxlogin_psycopg2"},
    }
}
