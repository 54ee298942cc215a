"""The database's time. It decides wherever the clocks of two hosts could differ."""

from datetime import datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Combinable, Expression
from django.db.models.sql import Query
from django.utils import timezone

from wxlogin import databases, deadline
from wxlogin.clock import database_clock, utc_now

from .fields import AwareDateTimeField

# A point in time that a query compares with or stores: known already, or the database's own while it runs the query.
Moment = datetime | Combinable


class DatabaseTime(Expression):
    """The time at which the database gets the statement, to be compared with, stored or read.

    Reading it sets ``database_clock``. A database without a clock of its own, such as SQLite, gets this host's time.
    """

    output_field = AwareDateTimeField()

    def resolve_expression(self, *args: Any, **kwargs: Any) -> "DatabaseTime":
        # It refers to nothing, so no query needs a copy of its own.
        return self

    def as_sql(
        self, compiler: Any, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self.output_field.get_db_prep_value(utc_now(), connection),)

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        # NOW() would be the start of the transaction.
        return "STATEMENT_TIMESTAMP()", ()

    def as_mysql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        # MySQL's columns have no time zone. Django stores the time of its own zone there, which NOW() doesn't know.
        offset = datetime.now(connection.timezone or timezone.get_default_timezone()).utcoffset()
        if not offset:
            return "UTC_TIMESTAMP(6)", ()
        return "(UTC_TIMESTAMP(6) + INTERVAL %s SECOND)", (int(offset.total_seconds()),)

    def get_db_converters(self, connection: BaseDatabaseWrapper) -> list[Any]:
        return [*super().get_db_converters(connection), _set_clock]


def database_time() -> datetime:
    """Ask the database for its time, where no other query can carry it."""
    query = Query(None)
    query.add_annotation(DatabaseTime(), "now")
    time: datetime = next(iter(query.get_compiler(databases.alias()).results_iter()))[0]
    return time


def shared_time() -> float:
    """Return ``database_clock.now()``. If the clock was never set, ask the database first.

    If that fails, this host's clock has to do until the next read. For a late request, raise the database's error.
    """
    if not database_clock.is_set:
        try:
            database_time()
        except Exception:  # whatever the driver raises
            if deadline.is_over():
                raise
            database_clock.set(utc_now())
    return database_clock.now()


def _set_clock(value: datetime, expression: Any, connection: BaseDatabaseWrapper) -> datetime:
    database_clock.set(value)
    return value
