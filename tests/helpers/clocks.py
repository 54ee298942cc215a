"""The clocks of the tests: this process's, which ``time_machine`` moves, and the database's, which goes along or not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine

from wxlogin.clock import database_clock
from wxlogin.models.clock import DatabaseTime

VENDORS = ("as_postgresql", "as_mysql")


class FollowingDatabase:
    """Makes the database's clock follow this host's while ``time_machine`` moves it.

    A server's clock can't be moved, so queries get this host's time in place of the server's.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_on = True
        for name in VENDORS:
            monkeypatch.setattr(DatabaseTime, name, self._following(getattr(DatabaseTime, name)))

    def _following(self, real: Any) -> Any:
        def sql(expression: DatabaseTime, compiler: Any, connection: Any) -> Any:
            follows = self.is_on and time_machine.escape_hatch.is_travelling()
            return (DatabaseTime.as_sql if follows else real)(expression, compiler, connection)

        return sql

    @contextmanager
    def left_behind(self, seconds: float) -> Iterator[None]:
        """Run the block on a host whose clock is ``seconds`` ahead of the database's. Negative: it is behind."""
        self.is_on = False
        try:
            with time_machine.travel(time.time() + seconds):
                yield
        finally:
            self.is_on = True
            database_clock._ahead = None
