"""The database's clock, as this process knows it without asking.

It is the one clock that all hosts share, so times that they exchange outside of the database are taken from it: in the
cache, for example. What the database itself decides uses ``models.clock``, which is exact.
"""

import time
from datetime import datetime


class DatabaseClock:
    """The database's time, from its last read and the time since then.

    ``time.monotonic`` measures the time since then, so a step of this host's clock changes nothing.
    """

    def __init__(self) -> None:
        # Seconds by which the database's clock is ahead of ``time.monotonic``.
        self._ahead: float | None = None

    @property
    def is_set(self) -> bool:
        return self._ahead is not None

    def set(self, database_time: datetime) -> None:
        self._ahead = database_time.timestamp() - time.monotonic()

    def now(self) -> float:
        """Return the database's time in seconds since 1970, or this host's time if the clock was never set."""
        return time.time() if self._ahead is None else time.monotonic() + self._ahead


database_clock = DatabaseClock()
