import pytest
from django.db.migrations.recorder import MigrationRecorder

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


def test_a_migration_of_another_app_is_not_ours():
    MigrationRecorder.Migration.objects.filter(app="admin").delete()

    printed, is_well = run()

    assert is_well
