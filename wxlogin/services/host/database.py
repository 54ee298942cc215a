"""The database that wxlogin's tables are in."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.db import DEFAULT_DB_ALIAS, router
from django.db.migrations.executor import MigrationExecutor
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy as _

from wxlogin import databases
from wxlogin.models.probes import finds_what_it_stored, rolls_back
from wxlogin.models.read_only import is_read_only
from wxlogin.services.meanings import Result

from . import text as texts
from .servers import declared_database, is_limit


def problems() -> Iterator[CheckMessage]:
    yield from _models_elsewhere()
    database = declared_database()
    level = _options(database).get("isolation_level", "read committed")
    if "mysql" in database["ENGINE"] and str(level).lower() != "read committed":
        text = gettext(
            "MySQL's isolation level is {level}: parallel first logins will be refused as deadlocks."
        )
        yield Warning(
            text.format(level=repr(level)),
            hint=gettext('Leave out OPTIONS["isolation_level"]; Django\'s own choice is "read committed".'),
            id="wxlogin.W006",
        )


def deployment_problems() -> Iterator[CheckMessage]:
    alias, database = databases.likely_alias(), declared_database()
    options = _options(database)
    if "sqlite" not in database["ENGINE"] and not is_limit(options.get("connect_timeout")):
        hint = gettext('Set DATABASES["{alias}"]["OPTIONS"]["connect_timeout"] to 2 (seconds).')
        yield Warning(
            gettext("Connecting to the database may take longer than UPSTREAM_DEADLINE."),
            hint=hint.format(alias=alias),
            id="wxlogin.W009",
        )
    pool = options.get("pool")
    if pool and not (isinstance(pool, dict) and is_limit(pool.get("timeout"))):
        hint = gettext(
            'Set DATABASES["{alias}"]["OPTIONS"]["pool"]["timeout"] to 2 (seconds), and CONN_HEALTH_CHECKS to False: '
            "the pool's check has no time limit."
        )
        yield Warning(
            gettext("A request may wait for a connection of the pool for longer than UPSTREAM_DEADLINE."),
            hint=hint.format(alias=alias),
            id="wxlogin.W011",
        )


def _options(database: Mapping[str, Any]) -> Mapping[str, Any]:
    return database.get("OPTIONS") or {}


def examine() -> Iterator[Result]:
    if databases.alias() != DEFAULT_DB_ALIAS:
        text = _("The tables are in DATABASES['{alias}']: all transactions and reads of wxlogin are there.")
        yield True, format_lazy(text, alias=databases.alias())
    is_writable = not is_read_only()
    if is_writable:
        yield True, _("It answers.")
    else:
        yield False, _("It answers, but it is read-only: nobody can log in."), FIND_PRIMARY
    if unapplied := _unapplied_migrations():
        text = format_lazy(_("Migrations are not applied: {names}."), names=", ".join(unapplied))
        yield False, text, _("Run manage.py migrate.")
        return
    yield True, _("All migrations are applied.")
    if is_writable:
        yield from _examine_writes()
        yield from texts.examine()


def _examine_writes() -> Iterator[Result]:
    if not rolls_back():
        yield False, _("It keeps what a transaction has rolled back."), USE_TRANSACTIONS
    elif not finds_what_it_stored():
        yield (
            False,
            _("What was stored is not found at once: reads go to a server that is behind."),
            READ_PRIMARY,
        )
    else:
        yield True, _("A row was stored, read back, locked and rolled back.")


def _unapplied_migrations() -> list[str]:
    executor = MigrationExecutor(databases.connection())
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes("wxlogin"))
    return [migration.name for migration, _backwards in plan if migration.app_label == "wxlogin"]


def _models_elsewhere() -> Iterator[CheckMessage]:
    """Yield an error for each model that the routers send to another database than ``WeChatUser``."""
    for model in (get_user_model(), *apps.get_app_config("wxlogin").get_models()):
        try:
            alias, ours = router.db_for_write(model), databases.alias()
        except Exception:  # noqa: BLE001  a router may raise anything outside of a request
            return
        if alias != ours:
            text = gettext(
                "{model} is written to the database '{alias}', and wxlogin's tables to '{ours}': logins fail."
            )
            yield Error(
                text.format(model=model._meta.label, alias=alias, ours=ours),
                hint=gettext(
                    "A foreign key can't lead to another database. Let DATABASE_ROUTERS send the user model and all "
                    "models of wxlogin to the same one."
                ),
                id="wxlogin.E034",
            )


FIND_PRIMARY = _("Point DATABASES at the primary server, or let this one accept writes again.")
USE_TRANSACTIONS = _(
    "On MySQL, convert the tables to InnoDB. Let PgBouncer pool by session or by transaction, not by statement."
)
READ_PRIMARY = _(
    "Have the proxy between this machine and the database send all statements of wxlogin to the primary server."
)
