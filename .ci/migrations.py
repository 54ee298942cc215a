"""Refuse a migration that breaks processes of the version before, which run on until an upgrade has replaced them.

It can't read SQL and Python of a migration. ``make upgrade`` runs the code of the version before.
"""

import os
import sys
from collections.abc import Iterator
from functools import singledispatch
from pathlib import Path
from typing import NamedTuple

import django
from django.db.migrations import Migration, operations as ops
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field
from django.db.models.fields import NOT_PROVIDED

ROOT = Path(__file__).resolve().parents[1]
APP = "wxlogin"
# Migrations that may break every rule but the one for added columns, each with the reason why no process breaks.
AGREED = {
    "0007_staff_log": "no release has the table with its old name",
    "0009_sessions_of_apps": "no release has the table without its new columns",
    "0011_looking_people_up": "the new constraint forbids what the old one forbade",
    "0012_client_versions": "no release has the tables without their new columns",
}

REMOVE_LATER = (
    "First release a version that doesn't use it: take it out of the models alone (SeparateDatabaseAndState), and"
    " before that give a NOT NULL column a db_default. A later release removes it, with its migration in AGREED."
)
ADD_BESIDE = "Add a new one beside it and write both. A later release removes the old one, with its migration in AGREED."
OBEY_FIRST = "First release a version that never writes anything else. A later release forbids it, with its migration in AGREED."
NEEDS_DEFAULT = (
    "The version before inserts rows without it: give it db_default beside default, and let both stay."
)
ONE_TABLE = (
    "Make a migration for each table: on PostgreSQL, a transaction that has locked one table and waits for the other"
    " deadlocks with queries that read both."
)
DATA_APART = (
    "Change the rows in the next migration: until this one ends, nobody else can read or write the table."
)
NEEDS_NULL = (
    "The version before inserts rows without it, and two rows can't both have the default: give it null=True."
)

# Operations that lock the table of their model until the transaction ends.
LOCKING = (
    *(ops.AddField, ops.AlterField, ops.RemoveField, ops.RenameField),
    *(ops.AddIndex, ops.RemoveIndex, ops.AddConstraint, ops.RemoveConstraint),
)
# A change and what to do instead; each table with the migration that created it.
Change = tuple[str, str]
Tables = dict[str, str]


class Offence(NamedTuple):
    migration: str
    what: str
    instead: str


def offences(migrations: list[Migration]) -> list[Offence]:
    """Judge the app's migrations among these, which are in the order in which they run."""
    state = ProjectState()
    found: list[Offence] = []
    # The first migration with each table, and with each of its columns.
    tables: Tables = {}
    columns: dict[tuple[str, str], str] = {}
    for migration in migrations:
        is_judged = migration.app_label == APP and migration.name not in AGREED
        changes = list(_locks(migration, tables)) if is_judged else []
        for operation in migration.operations:
            if is_judged:
                changes += (each for part in _in_database(operation) for each in breaks(part, state, tables))
            if isinstance(operation, ops.RenameField) and migration.app_label == APP:
                table, former = operation.model_name_lower, operation.old_name
                columns[table, operation.new_name] = columns.get((table, former), migration.name)
            operation.state_forwards(migration.app_label, state)
        found += [Offence(migration.name, *change) for change in changes]
        for table, name, _ in _columns(state):
            tables.setdefault(table, migration.name)
            columns.setdefault((table, name), migration.name)
    added = [each for each in _columns(state) if columns[each[:2]] != tables[each[0]]]
    return found + [
        Offence(columns[table, name], f"adds {table}.{name}", instead)
        for table, name, field in added
        if (instead := _missing(field))
    ]


def _columns(state: ProjectState) -> Iterator[tuple[str, str, Field]]:
    """Iterate over the columns of the app's own tables, as they are in ``state``."""
    for (app, table), model in state.models.items():
        if app == APP and not model.options.get("proxy"):
            for name, field in model.fields.items():
                if not field.many_to_many:
                    yield table, name, field


def _missing(field: Field) -> str:
    """Return what an added column needs so that rows can be inserted without it, "" if nothing."""
    if field.null or field.generated:
        return ""
    if field.db_default is NOT_PROVIDED:
        return NEEDS_DEFAULT
    return NEEDS_NULL if field.unique else ""


def _in_database(operation: Operation) -> Iterator[Operation]:
    """Return the parts of an operation that change the database."""
    if isinstance(operation, ops.SeparateDatabaseAndState):
        for each in operation.database_operations:
            yield from _in_database(each)
    else:
        yield operation


def _locks(migration: Migration, tables: Tables) -> Iterator[Change]:
    """Iterate over what makes queries wait for the migration's transaction, or deadlock with it."""
    if not migration.atomic:
        return
    parts = [part for operation in migration.operations for part in _in_database(operation)]
    locked = sorted({part.model_name_lower for part in parts if isinstance(part, LOCKING)} & tables.keys())
    if len(locked) > 1:
        yield f"locks {' and '.join(locked)}", ONE_TABLE
    if locked and any(isinstance(part, ops.RunPython) and part.code != ops.RunPython.noop for part in parts):
        yield f"changes rows while it locks {locked[0]}", DATA_APART


@singledispatch
def breaks(operation: Operation, state: ProjectState, tables: Tables) -> Iterator[Change]:
    """Iterate over what breaks processes that use ``tables``, the tables of the migrations before."""
    return iter(())


@breaks.register
def _(operation: ops.DeleteModel, state: ProjectState, tables: Tables) -> Iterator[Change]:
    if operation.name_lower in tables:
        yield f"deletes the table of {operation.name}", REMOVE_LATER


@breaks.register
def _(operation: ops.RenameModel, state: ProjectState, tables: Tables) -> Iterator[Change]:
    if operation.old_name_lower in tables:
        yield f"renames the table of {operation.old_name}", ADD_BESIDE


@breaks.register
def _(operation: ops.AlterModelTable, state: ProjectState, tables: Tables) -> Iterator[Change]:
    if operation.name_lower in tables:
        yield f"renames the table of {operation.name}", ADD_BESIDE


@breaks.register
def _(operation: ops.AlterUniqueTogether, state: ProjectState, tables: Tables) -> Iterator[Change]:
    if operation.name_lower in tables and operation.option_value:
        yield f"forbids values of {operation.name}", OBEY_FIRST


@breaks.register
def _(operation: ops.AddConstraint, state: ProjectState, tables: Tables) -> Iterator[Change]:
    if operation.model_name_lower in tables:
        yield f"forbids values of {operation.model_name}, by {operation.constraint.name}", OBEY_FIRST


@breaks.register
def _(operation: ops.RemoveField, state: ProjectState, tables: Tables) -> Iterator[Change]:
    if operation.model_name_lower in tables:
        yield f"removes {operation.model_name}.{operation.name}", REMOVE_LATER


@breaks.register
def _(operation: ops.RenameField, state: ProjectState, tables: Tables) -> Iterator[Change]:
    if operation.model_name_lower in tables:
        yield f"renames {operation.model_name}.{operation.old_name}", ADD_BESIDE


@breaks.register
def _(operation: ops.AlterField, state: ProjectState, tables: Tables) -> Iterator[Change]:
    if operation.model_name_lower not in tables:
        return
    name = f"{operation.model_name}.{operation.name}"
    old = state.models[APP, operation.model_name_lower].fields[operation.name]
    new = operation.field
    if old.db_column != new.db_column:
        yield f"renames the column of {name}", ADD_BESIDE
    if old.get_internal_type() != new.get_internal_type():
        yield f"changes the type of {name}", ADD_BESIDE
    if old.null and not new.null:
        yield f"forbids NULL in {name}", OBEY_FIRST
    if new.unique and not old.unique:
        yield f"makes {name} unique", OBEY_FIRST
    if new.max_length and (not old.max_length or new.max_length < old.max_length):
        yield f"makes {name} shorter", OBEY_FIRST
    if old.db_default is not NOT_PROVIDED and new.db_default is NOT_PROVIDED and not new.null:
        yield f"takes the database's default of {name} away", NEEDS_DEFAULT


def main() -> int:
    """Print what is wrong with the migrations. Return the exit status."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    graph = MigrationLoader(None).graph
    plan = [graph.nodes[key] for leaf in graph.leaf_nodes(APP) for key in graph.forwards_plan(leaf)]
    found = offences(plan)
    print(f"migrations that break the version before: {len(found)}, at most 0")
    for migration, what, instead in found:
        print(f"  {migration} {what}\n    {instead}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
