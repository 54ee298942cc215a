"""The project's time zone, and how its database keeps times."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.db import connections
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext

from wxlogin import databases
from wxlogin.clock import utc_now


def problems() -> Iterator[CheckMessage]:
    connection = connections[databases.likely_alias()]
    zone = _zone_of_local_times(connection)
    if zone and _has_clock_changes(zone):
        text = gettext(
            "Times come from the database as local times of {zone}, whose clocks change. For the hour that comes twice a year "
            "they don't say which one is meant: sessions and blocks may end an hour early or late, and Simple JWT's own "
            "authentication may refuse tokens."
        )
        hint = gettext(
            "Set USE_TZ = True and no TIME_ZONE in DATABASES, choose a TIME_ZONE whose clocks don't change, or use "
            "PostgreSQL with psycopg 3."
        )
        yield Warning(text.format(zone=zone), hint=hint, id="wxlogin.W015")


def _zone_of_local_times(connection: Any) -> tzinfo | None:
    """Return the zone of times that come without an offset. None if they have one: on PostgreSQL they do."""
    if not settings.USE_TZ:
        # psycopg2 drops the offset, where Django asks it for local times.
        driver = getattr(getattr(connection, "Database", None), "__name__", "")
        loses_offset = not connection.features.supports_timezones or driver == "psycopg2"
        return get_default_timezone() if loses_offset else None
    return None if connection.features.supports_timezones else connection.timezone


def _has_clock_changes(zone: tzinfo) -> bool:
    year = utc_now().year
    return len({datetime(year, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13)}) > 1
