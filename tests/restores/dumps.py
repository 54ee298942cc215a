"""The tests' database on PostgreSQL, dumped and restored with PostgreSQL's own programs."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

from django.db import connection, connections

PROGRAMS = ("pg_dump", "pg_restore", "dropdb", "createdb")


class Dump:
    """One dump of the tests' database."""

    def __init__(self, file: Path) -> None:
        self._file = file
        _run("pg_dump", "--format=custom", f"--file={file}", url())

    def restore(self) -> None:
        """Restore into a new database, as docs/operating.md says: ``--clean`` would leave newer tables there."""
        # A database in use can't be dropped.
        connections.close_all()
        server, _, name = url().rpartition("/")
        maintenance = f"--maintenance-db={server}/postgres"
        _run("dropdb", maintenance, name)
        _run("createdb", maintenance, name)
        _run("pg_restore", "--single-transaction", f"--dbname={url()}", str(self._file))


def url() -> str:
    """Return the address of the tests' database."""
    database = connection.settings_dict
    account = ":".join(quote(database[name]) for name in ("USER", "PASSWORD") if database[name])
    return f"postgres://{account}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def missing_program() -> str:
    """Return the name of a program that isn't installed, "" if all are."""
    return next((name for name in PROGRAMS if not shutil.which(name)), "")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
