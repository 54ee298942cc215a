"""Settings of the project's servers."""

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

from wxlogin import databases
from wxlogin.conf import conf


def database_alias() -> str:
    """Return the alias of the database, ``default`` if a router needs a request to tell."""
    try:
        return databases.alias()
    except Exception:  # noqa: BLE001  a router may raise anything outside of a request
        return DEFAULT_DB_ALIAS


def declared_database() -> dict[str, Any]:
    """Return the entry of the database in ``DATABASES``."""
    entry: dict[str, Any] = settings.DATABASES[database_alias()]
    return entry


def is_limit(seconds: Any) -> bool:
    """True for a number of seconds that a request has time for."""
    try:
        return 0 < float(seconds) <= conf.UPSTREAM_DEADLINE
    except (TypeError, ValueError):
        return False
