"""An empty database of one upgrade, on the server that ``DATABASE_URL`` names, or in a file of SQLite."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection


@contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """Create a database, and drop it at the end. Yield its URL."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / 'upgrade.sqlite3'}"
        return
    name = f"wxlogin_upgrade_{secrets.token_hex(4)}"
    _execute(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    finally:
        # The processes were killed, and PostgreSQL may not have noticed yet.
        _execute(f"DROP DATABASE {name}" + (" WITH (FORCE)" if connection.vendor == "postgresql" else ""))


def _execute(sql: str) -> None:
    # Django's own connection to the server, which it makes test databases with.
    with connection._nodb_cursor() as cursor:
        cursor.execute(sql)
