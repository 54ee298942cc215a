import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from wxlogin.models import ReceivedPush

from .command import line_with, run

pytestmark = pytest.mark.django_db


def test_a_migration_that_is_missing_is_reported():
    applied = MigrationRecorder.Migration.objects.filter(app="wxlogin").order_by("name")
    *_, one, other = applied.values_list("name", flat=True)
    applied.filter(name__in=[one, other]).delete()

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with(f"Migrations are not applied: {one}, {other}.", printed)
    assert "Run manage.py migrate." in printed


@pytest.mark.django_db(transaction=True)
def test_before_migrate_only_that_is_said_of_the_database():
    call_command("migrate", "wxlogin", "zero", verbosity=0)
    try:
        printed, is_well = run()
    finally:
        call_command("migrate", verbosity=0)

    assert not is_well
    assert "PROBLEM" in line_with("Database: Migrations are not applied: 0001_initial", printed)
    assert "Run manage.py migrate." in printed
    assert "Database: Doesn't work" not in printed


def test_a_migration_of_another_app_is_not_ours():
    MigrationRecorder.Migration.objects.filter(app="admin").delete()

    printed, is_well = run()

    assert is_well


def test_what_logins_rely_on_is_tried():
    printed, is_well = run()

    assert is_well
    assert line_with("stored, read back, locked", printed).startswith("ok ")
    assert not ReceivedPush.objects.exists()


def test_a_database_that_rolls_nothing_back_is_named(monkeypatch):
    monkeypatch.setattr(connection, "savepoint_rollback", lambda sid: None)

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("It keeps what a transaction has rolled back.", printed)
    assert "InnoDB" in printed


def read_elsewhere(execute, sql, *args):
    """Answer like a replica that is behind: it has no such row."""
    if "receivedpush" in sql and sql.endswith("LIMIT 1"):
        sql = sql.replace(" WHERE ", " WHERE 1 = 0 AND ")
    return execute(sql, *args)


def test_a_proxy_that_reads_elsewhere_is_named():
    with connection.execute_wrapper(read_elsewhere):
        printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("What was stored is not found at once", printed)
    assert not ReceivedPush.objects.exists()
