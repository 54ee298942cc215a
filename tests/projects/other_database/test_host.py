"""Findings of the checks and the doctor in this project."""

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from tests.management.doctor.command import line_with, run
from wxlogin import checks
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models.probes import character_set


@pytest.mark.django_db
def test_the_doctor_names_the_database_that_it_has_looked_at(wechat: FakeWeChat) -> None:
    printed, _ = run()

    assert line_with("all transactions", printed) == (
        "ok      Database: The tables are in DATABASES['people']: all transactions and reads of wxlogin are there."
    )
    assert "All migrations are applied." in printed


@pytest.mark.django_db
def test_a_migration_that_this_database_lacks_is_named(wechat: FakeWeChat) -> None:
    MigrationRecorder.Migration.objects.using("people").filter(
        app="wxlogin", name__startswith="0014"
    ).delete()

    printed, _ = run()

    assert "Migrations are not applied: 0014" in printed


@pytest.mark.django_db
def test_the_character_set_is_that_of_this_database() -> None:
    assert character_set() == "UTF8"


def test_the_checks_look_at_this_database() -> None:
    [limit] = [each for each in checks.check_deployment() if each.id == "wxlogin.W009"]

    assert 'DATABASES["people"]' in limit.hint


class UsersElsewhere:
    def db_for_write(self, model: type, **hints: object) -> str:
        return "people" if model._meta.app_label == "wxlogin" else "default"


def test_users_in_another_database_than_ours_are_named() -> None:
    with override_settings(DATABASE_ROUTERS=[f"{__name__}.UsersElsewhere"]):
        [problem] = [each for each in checks.check_project() if each.id == "wxlogin.E034"]

    assert "auth.User" in problem.msg
    assert "DATABASE_ROUTERS" in problem.hint
