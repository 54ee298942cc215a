"""A database that answers but refuses writes. Each server is one of its own, since all tests share the other one."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.torture.databases import Database, MariaDB, PostgreSQL
from benchmarks.torture.processes import CannotRun
from tests.helpers.process import python
from tests.helpers.project_settings import MINIMUM

ASK = """
import io
import json
import django
django.setup()
from django.core.management import CommandError, call_command
from django.test import Client
answer = Client().get("/readyz")
out = io.StringIO()
try:
    call_command("wxlogin_doctor", stdout=out)
except CommandError:
    pass
print(json.dumps([answer.status_code, answer.json(), out.getvalue()]))
"""
READ_ONLY = {"database": False, "cache": True, "why": {"database": "DatabaseReadOnly"}}


@pytest.fixture
def database() -> Iterator[Database]:
    scheme = os.environ.get("DATABASE_URL", "").partition(":")[0]
    kind = {"postgres": PostgreSQL, "mysql": MariaDB}.get(scheme)
    if kind is None:
        pytest.skip("only where DATABASE_URL names a database server")
    # Not a directory of pytest: the user of the server can't read those.
    with tempfile.TemporaryDirectory(prefix="wxlogin-") as home:
        Path(home).chmod(0o755)
        database = kind(Path(home))
        try:
            database.create()
            yield database
        except CannotRun as exc:
            if os.environ.get("DISASTERS") == "required":
                raise
            pytest.skip(str(exc))
        finally:
            database.kill()


@pytest.fixture
def ask(database: Database) -> Callable[[], tuple[int, object, str]]:
    """Ask ``/readyz``, and the doctor for its line about the database."""

    def ask() -> tuple[int, object, str]:
        outcome = python(
            "-c",
            ASK,
            **MINIMUM,
            DATABASE_URL=database.url(),
            DJANGO_ALLOWED_HOSTS="testserver",
            WECHAT_API_BASE="http://127.0.0.1:9",
            DJANGO_SETTINGS_MODULE="project.settings",
        )
        assert outcome.returncode == 0, outcome.stderr
        status, body, report = json.loads(outcome.stdout.splitlines()[-1])
        return status, body, next(line for line in report.splitlines() if "It answers" in line)

    return ask


def test_a_server_that_is_set_to_read_only_is_not_ready(
    database: Database, ask: Callable[[], tuple[int, object, str]]
) -> None:
    status, body, report = ask()
    assert (status, body, "PROBLEM" in report) == (200, {"database": True, "cache": True}, False)

    database.set_read_only(True)

    status, body, report = ask()
    assert (status, body, "PROBLEM" in report) == (503, READ_ONLY, True)


def test_a_standby_of_postgresql_is_not_ready(
    database: Database, ask: Callable[[], tuple[int, object, str]]
) -> None:
    if not isinstance(database, PostgreSQL):
        pytest.skip("about PostgreSQL")
    database.stop()
    (database.home / "data" / "standby.signal").touch()
    database.start()

    assert ask()[:2] == (503, READ_ONLY)
