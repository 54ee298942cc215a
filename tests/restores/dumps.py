"""The tests' database on PostgreSQL, dumped and restored with PostgreSQL's own programs."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

from django.db import connection, connections


class Dump:
    """One dump of the tests' database."""

    def __init__(self, file: Path) -> None:
        self._file = file
        _run("pg_dump", "--format=custom", f"--file={file}", url())

    def restore(self) -> None:
        # An open transaction would hold locks on the tables.
        connections.close_all()
        options = ["--clean", "--if-exists", "--single-transaction"]
        _run("pg_restore", *options, f"--dbname={url()}", str(self._file))


def url() -> str:
    """Return the address of the tests' database."""
    database = connection.settings_dict
    account = ":".join(quote(database[name]) for name in ("USER", "PASSWORD") if database[name])
    return f"postgres://{account}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def missing_program() -> str:
    """Return the name of a program that isn't installed, "" if both are."""
    return next((name for name in ("pg_dump", "pg_restore") if not shutil.which(name)), "")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
