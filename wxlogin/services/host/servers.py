"""Settings of the project's servers."""

from typing import Any

from django.conf import settings

from wxlogin import databases
from wxlogin.conf import conf


def declared_database() -> dict[str, Any]:
    """Return the entry of the database in ``DATABASES``."""
    entry: dict[str, Any] = settings.DATABASES[databases.likely_alias()]
    return entry


def is_limit(seconds: Any) -> bool:
    """True for a number of seconds that a request has time for."""
    try:
        return 0 < float(seconds) <= conf.UPSTREAM_DEADLINE
    except (TypeError, ValueError):
        return False
