"""The database's clock, as this process knows it without asking.

It is the one clock that all hosts share, so times that they exchange outside of the database are taken from it: in the
cache, for example. What the database itself decides uses ``models.clock``, which is exact.
"""

import time
from datetime import UTC, datetime, timedelta, timezone

from django.utils.timezone import get_default_timezone, is_aware


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


def utc_now() -> datetime:
    """Return this host's time. Django's ``timezone.now`` has no zone if ``USE_TZ`` is off."""
    return datetime.now(UTC)


def as_aware(moment: datetime) -> datetime:
    """Return ``moment`` with its zone. A time without one is local time, as in a project whose ``USE_TZ`` is off.

    The zone has one offset only, so that Python adds and compares such times correctly across a change of the clocks.
    """
    if is_aware(moment):
        return moment
    offset = moment.replace(tzinfo=get_default_timezone()).utcoffset() or timedelta()
    return moment.replace(tzinfo=timezone(offset), fold=0)
