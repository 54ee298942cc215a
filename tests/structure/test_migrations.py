"""The check of the migrations refuses each kind that breaks the version before, and says what to do instead."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.db import models
from django.db.migrations import Migration, operations as ops

SCRIPT = Path(__file__).parents[2] / ".ci" / "migrations.py"


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ci_migrations", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def migration(name: str, *operations: Any, app: str = "wxlogin") -> Migration:
    made = Migration(name, app)
    made.operations = list(operations)
    return made


def person(name: str = "Person") -> ops.CreateModel:
    return ops.CreateModel(
        name,
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("openid", models.CharField(max_length=64)),
            ("nickname", models.CharField(max_length=64, null=True)),
            ("state", models.CharField(max_length=8, db_default="")),
        ],
    )


def proxy() -> ops.CreateModel:
    return ops.CreateModel("Page", [], options={"proxy": True}, bases=("wxlogin.person",))


def unique(name: str = "one_openid") -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=["openid"], name=name)


def text(**options: Any) -> models.CharField:
    return models.CharField(**{"max_length": 64, **options})


def link(to: str = "wxlogin.person", **options: Any) -> models.ForeignKey:
    return models.ForeignKey(to, models.CASCADE, **options)


BROKEN = {
    "a NOT NULL column": (ops.AddField("person", "app", text(default="")), "adds person.app", "db_default"),
    "a foreign key": (ops.AddField("person", "other", link()), "adds person.other", "db_default"),
    "a unique column": (
        ops.AddField("person", "app", text(db_default="", unique=True)),
        "adds person.app",
        "null=True",
    ),
    "NOT NULL": (ops.AlterField("person", "nickname", text(db_default="")), "forbids NULL", "never writes"),
    "a constraint": (ops.AddConstraint("person", unique()), "person, by one_openid", "never writes"),
    "a unique field": (ops.AlterField("person", "openid", text(unique=True)), "unique", "never writes"),
    "unique together": (
        ops.AlterUniqueTogether("person", {("openid", "state")}),
        "forbids values of person",
        "never writes",
    ),
    "a shorter column": (ops.AlterField("person", "openid", text(max_length=32)), "shorter", "never writes"),
    "another type": (
        ops.AlterField("person", "openid", models.IntegerField()),
        "changes the type",
        "beside it",
    ),
    "no default any more": (ops.AlterField("person", "state", text(default="")), "default", "db_default"),
    "a removed column": (ops.RemoveField("person", "openid"), "removes person.openid", "First release"),
    "a renamed column": (ops.RenameField("person", "openid", "name"), "renames person.openid", "beside it"),
    "another db_column": (
        ops.AlterField("person", "openid", text(db_column="name")),
        "renames the column of person.openid",
        "beside it",
    ),
    "a deleted table": (ops.DeleteModel("Person"), "deletes the table of Person", "First release"),
    "a renamed table": (ops.RenameModel("Person", "Human"), "renames the table of Person", "beside it"),
    "another db_table": (ops.AlterModelTable("Person", "human"), "renames the table of Person", "beside it"),
    "one in the database alone": (
        ops.SeparateDatabaseAndState(database_operations=[ops.RemoveField("person", "openid")]),
        "removes person.openid",
        "First release",
    ),
}

FINE = {
    "a column that may be NULL": ops.AddField("person", "app", text(null=True)),
    "a column with a default": ops.AddField("person", "app", text(default="", db_default="")),
    "a unique column that may be NULL": ops.AddField("person", "app", text(null=True, unique=True)),
    "a many-to-many field": ops.AddField("person", "friends", models.ManyToManyField("wxlogin.person")),
    "NULL allowed": ops.AlterField("person", "openid", text(null=True)),
    "a longer column": ops.AlterField("person", "openid", text(max_length=128)),
    "an index": ops.AddIndex("person", models.Index(fields=["openid"], name="by_openid")),
    "a removal from the models": ops.SeparateDatabaseAndState(
        state_operations=[ops.RemoveField("person", "openid")],
        database_operations=[ops.AlterField("person", "openid", text(db_default=""))],
    ),
    "Python": ops.RunPython(ops.RunPython.noop),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_breaks_the_version_before_is_refused(check: ModuleType, kind: str) -> None:
    operation, what, instead = BROKEN[kind]

    [offence] = check.offences([migration("0001_initial", person()), migration("0002_next", operation)])

    assert offence.migration == "0002_next"
    assert what in offence.what
    assert instead in offence.instead


@pytest.mark.parametrize("kind", FINE)
def test_what_the_version_before_can_bear_is_fine(check: ModuleType, kind: str) -> None:
    assert not check.offences([migration("0001_initial", person()), migration("0002_next", FINE[kind])])


def test_a_table_of_the_same_migration_may_change(check: ModuleType) -> None:
    changes = [ops.AddField("other", "app", text()), ops.AddConstraint("other", unique())]
    fresh = migration("0002_next", person("Other"), *changes, ops.RemoveField("other", "state"))

    assert not check.offences([migration("0001_initial", person()), fresh])


def test_a_proxy_has_no_table_to_lose(check: ModuleType) -> None:
    first = migration("0001_initial", person(), proxy())

    assert not check.offences([first, migration("0002_next", ops.DeleteModel("Page"))])


def test_a_default_that_a_later_migration_adds_mends_the_column(check: ModuleType) -> None:
    without = migration("0002_next", ops.AddField("person", "app", text(default="")))
    mended = migration("0003_mend", ops.AlterField("person", "app", text(default="", db_default="")))
    lost = migration("0004_lose", ops.AlterField("person", "app", text(default="")))
    first = migration("0001_initial", person())

    assert not check.offences([first, without, mended])
    assert {each.migration for each in check.offences([first, without, mended, lost])} == {
        "0002_next",
        "0004_lose",
    }


def test_a_migration_that_locks_two_tables_is_refused(check: ModuleType) -> None:
    first = migration("0001_initial", person(), person("Other"), person("Third"))
    one = ops.AddField("person", "app", text(null=True))
    two = ops.AddIndex("other", models.Index(fields=["openid"], name="by_openid"))

    [offence] = check.offences([first, migration("0002_next", one, two)])

    assert offence.what == "locks other and person"
    assert "a migration for each table" in offence.instead
    assert not check.offences([first, migration("0002_next", one), migration("0003_next", two)])
    without_transaction = migration("0002_next", one, two)
    without_transaction.atomic = False
    assert not check.offences([first, without_transaction])


def test_a_migration_that_changes_rows_while_it_locks_the_table_is_refused(check: ModuleType) -> None:
    first, column = migration("0001_initial", person()), ops.AddField("person", "app", text(null=True))
    rows = ops.RunPython(print, ops.RunPython.noop)
    back = ops.RunPython(ops.RunPython.noop, print)

    [offence] = check.offences([first, migration("0002_next", column, rows)])

    assert offence.what == "changes rows while it locks person"
    assert "next migration" in offence.instead
    assert not check.offences([first, migration("0002_next", column), migration("0003_next", rows)])
    assert not check.offences([first, migration("0002_next", column, back)])


def test_an_agreed_migration_may_break_rules_but_not_leave_a_default_out(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "AGREED", {"0002_next": "nothing runs"})
    changes = [ops.RemoveField("person", "state"), ops.RenameField("person", "openid", "name")]
    agreed = migration("0002_next", *changes, ops.AddField("person", "app", text()))

    [offence] = check.offences([migration("0001_initial", person()), agreed])

    assert offence.what == "adds person.app"


def test_migrations_of_other_apps_are_not_judged(check: ModuleType) -> None:
    other = [
        migration("0001_initial", person(), app="auth"),
        migration("0002_next", ops.RemoveField("person", "openid"), app="auth"),
        migration("0003_next", ops.AddField("person", "app", text()), app="auth"),
    ]

    assert not check.offences([migration("0001_initial", person()), *other])


def test_the_projects_own_migrations_pass(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main() == 0
    assert "0, at most 0" in capsys.readouterr().out


def test_the_command_prints_what_is_wrong(
    check: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "AGREED", {})

    assert check.main() == 1
    assert "0007_staff_log renames the table of IdentityMove" in capsys.readouterr().out
