"""The clocks of the tests: this host's, which ``time_machine`` moves, and the database's, which goes along or not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.db import DEFAULT_DB_ALIAS, connection, connections

from wxlogin import clock
from wxlogin.clock import database_clock, utc_now
from wxlogin.models.clock import DatabaseTime


class TwoClocks:
    """Makes the database's clock follow this host's while ``time_machine`` moves it, as if a day had really passed.

    The clock of a database server can't be moved, so queries get this host's time in place of the server's.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._are_apart = False
        for name in ("as_sql", "as_postgresql", "as_mysql"):
            monkeypatch.setattr(DatabaseTime, name, self._replace(getattr(DatabaseTime, name)))
        monkeypatch.setattr(clock, "time", SimpleNamespace(time=time.time, monotonic=self._monotonic))

    @contextmanager
    def host(self, *, ahead: float) -> Iterator[None]:
        """Run the block on a host whose clock is ``ahead`` seconds ahead of the database's: behind, if negative."""
        self._are_apart, database_clock._ahead = True, None
        try:
            with time_machine.travel(time.time() + ahead):
                yield
        finally:
            self._are_apart, database_clock._ahead = False, None

    def _replace(self, real: Any) -> Any:
        def sql(expression: DatabaseTime, compiler: Any, connection: Any) -> Any:
            if connection.vendor != "sqlite" and (
                self._are_apart or not time_machine.escape_hatch.is_travelling()
            ):
                return real(expression, compiler, connection)
            moment = expression.output_field.get_db_prep_value(self._now(), connection)
            return ("CAST(%s AS DATETIME(6))" if connection.vendor == "mysql" else "%s"), [moment]

        return sql

    def _monotonic(self) -> float:
        """Return the host's monotonic time. A day that passes moves it, and a step of the host's clock doesn't."""
        if self._are_apart or not time_machine.escape_hatch.is_travelling():
            return time.monotonic()
        return time.monotonic() + time.time() - time_machine.escape_hatch.time.time()

    def _now(self) -> datetime:
        if not self._are_apart:
            return utc_now()
        real: datetime = time_machine.escape_hatch.datetime.datetime.now(UTC)
        return real


def reopen_connection() -> None:
    """Close the connection, so that the next query opens one with the time zone of the settings."""
    for cached in ("timezone", "timezone_name"):
        # ``connection`` itself is a proxy.
        vars(connections[DEFAULT_DB_ALIAS]).pop(cached, None)
    connection.close()
