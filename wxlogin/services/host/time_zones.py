"""The project's time zone, and how its database keeps times."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.db import connections
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext

from wxlogin import databases
from wxlogin.clock import utc_now


def problems() -> Iterator[CheckMessage]:
    holds_local_times = not (
        settings.USE_TZ or connections[databases.likely_alias()].features.supports_timezones
    )
    if holds_local_times and _has_clock_changes():
        text = gettext(
            "USE_TZ is off, and the clocks of {zone} change. Columns hold local times, so for the hour that comes "
            "twice a year they don't say which one is meant: sessions and blocks may end an hour early or late, and "
            "Simple JWT's own authentication may refuse tokens."
        )
        hint = gettext("Set USE_TZ = True, choose a TIME_ZONE whose clocks don't change, or use PostgreSQL.")
        yield Warning(text.format(zone=settings.TIME_ZONE), hint=hint, id="wxlogin.W015")


def _has_clock_changes() -> bool:
    year, zone = utc_now().year, get_default_timezone()
    return len({datetime(year, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13)}) > 1
