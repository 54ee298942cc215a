"""The project's database settings, for each kind of database."""

import sqlite3

import pytest
from django.db import connection

from tests.helpers.process import ROOT, python
from tests.helpers.project_settings import MINIMUM, settings_with


def database(url):
    return settings_with(DATABASE_URL=url)["DATABASES"]["default"]


def test_sqlite_is_the_default():
    config = settings_with()["DATABASES"]["default"]

    assert config["ENGINE"] == "django.db.backends.sqlite3"
    assert config["NAME"] == str(ROOT / "db.sqlite3")


@pytest.mark.parametrize(
    ("url", "engine", "options"),
    [
        ("sqlite:////tmp/x.sqlite3", "sqlite3", {"timeout", "transaction_mode", "init_command"}),
        ("postgres://user:made-up@db/shop", "postgresql", {"connect_timeout", "options"}),
        ("postgresql://user:made-up@db/shop", "postgresql", {"connect_timeout", "options"}),
        (
            "mysql://user:made-up@db/shop",
            "mysql",
            {"connect_timeout", "read_timeout", "write_timeout", "charset", "init_command"},
        ),
    ],
)
def test_each_database_gets_its_own_options(url, engine, options):
    config = database(url)

    assert config["ENGINE"] == f"django.db.backends.{engine}"
    assert config["OPTIONS"].keys() == options
    assert config["CONN_HEALTH_CHECKS"] is True


def test_the_url_overrules_an_option():
    config = database("postgres://user:made-up@db/shop?connect_timeout=1&sslmode=require")

    assert int(config["OPTIONS"]["connect_timeout"]) == 1
    assert config["OPTIONS"]["sslmode"] == "require"
    assert "statement_timeout" in config["OPTIONS"]["options"]


@pytest.mark.parametrize(
    ("deadline", "postgresql"),
    [
        ("", "-c statement_timeout=2000 -c lock_timeout=1000"),
        ("1", "-c statement_timeout=400 -c lock_timeout=200"),
    ],
)
def test_the_lock_timeout_is_below_the_statement_timeout_and_both_below_the_upstream_deadline(
    deadline, postgresql
):
    settings = settings_with(WXLOGIN_UPSTREAM_DEADLINE=deadline)

    assert settings["LOCK_WAIT"] < settings["DATABASE_WAIT"] < float(deadline or 5)
    assert settings["DATABASE_OPTIONS"]["postgresql"]["options"] == postgresql
    assert settings["DATABASE_OPTIONS"]["mysql"]["init_command"].endswith("innodb_lock_wait_timeout=1")


IN_A_TRANSACTION = """
import django, sqlite3
django.setup()
from django.db import connection, transaction
with connection.cursor() as cursor:
    print(cursor.execute("PRAGMA journal_mode").fetchone()[0])
with transaction.atomic():
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as exc:
        print(exc)
    other.close()
connection.close()
"""


def test_sqlite_really_writes_ahead_and_queues_writers_at_the_start(tmp_path):
    outcome = python(
        "-c",
        IN_A_TRANSACTION,
        **MINIMUM,
        DJANGO_SETTINGS_MODULE="project.settings",
        DATABASE_URL=f"sqlite:///{tmp_path / 'db.sqlite3'}",
    )

    assert outcome.stdout.splitlines() == ["wal", "database is locked"], outcome.stderr


@pytest.mark.django_db
def test_the_tests_themselves_run_on_the_projects_options():
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0)

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")

    other.close()
