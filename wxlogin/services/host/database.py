"""The database that wxlogin's tables are in."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wxlogin.models.read_only import is_read_only
from wxlogin.services.meanings import Result

from .limits import is_limit


def problems() -> Iterator[CheckMessage]:
    database = settings.DATABASES["default"]
    level = database.get("OPTIONS", {}).get("isolation_level", "read committed")
    if "mysql" in database["ENGINE"] and level != "read committed":
        yield Warning(
            f"MySQL's isolation level is {level!r}: parallel first logins will be refused as deadlocks.",
            hint='Leave out OPTIONS["isolation_level"]; Django\'s own choice is "read committed".',
            id="wxlogin.W006",
        )


def deployment_problems() -> Iterator[CheckMessage]:
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    if "sqlite" not in database["ENGINE"] and not is_limit(options.get("connect_timeout")):
        yield Warning(
            "Connecting to the database may take longer than UPSTREAM_DEADLINE.",
            hint='Set DATABASES["default"]["OPTIONS"]["connect_timeout"] to 2 (seconds).',
            id="wxlogin.W009",
        )
    pool = options.get("pool")
    if pool and not (isinstance(pool, dict) and is_limit(pool.get("timeout"))):
        yield Warning(
            "A request may wait for a connection of the pool for longer than UPSTREAM_DEADLINE.",
            hint='Set DATABASES["default"]["OPTIONS"]["pool"]["timeout"] to 2 (seconds), and CONN_HEALTH_CHECKS to '
            "False: the pool's check has no time limit.",
            id="wxlogin.W011",
        )


def examine() -> Iterator[Result]:
    if is_read_only():
        yield False, _("It answers, but it is read-only: nobody can log in."), FIND_PRIMARY
    else:
        yield True, _("It answers.")
    if unapplied := _unapplied_migrations():
        text = format_lazy(_("Migrations are not applied: {names}."), names=", ".join(unapplied))
        yield False, text, _("Run manage.py migrate.")
    else:
        yield True, _("All migrations are applied.")


def _unapplied_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes("wxlogin"))
    return [migration.name for migration, _backwards in plan if migration.app_label == "wxlogin"]


FIND_PRIMARY = _("Point DATABASES at the primary server, or let this one accept writes again.")
