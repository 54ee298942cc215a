"""The database's clock, as this process knows it without asking.

It is the one clock that all hosts share, so times that they exchange outside of the database are taken from it: in the
cache, for example. What the database itself decides uses ``models.clock``, which is exact.
"""

import time
from datetime import datetime


class DatabaseClock:
    """The difference between the database's clock and this host's. Each read of the database's time sets it."""

    def __init__(self) -> None:
        self._ahead: float | None = None

    @property
    def is_set(self) -> bool:
        return self._ahead is not None

    def set(self, database_time: datetime) -> None:
        self._ahead = database_time.timestamp() - time.time()

    def now(self) -> float:
        """Return the database's time in seconds since 1970, or this host's time if the clock was never set."""
        return time.time() + (self._ahead or 0.0)


database_clock = DatabaseClock()
