"""Time limits of a project's servers."""

from typing import Any

from wxlogin.conf import conf


def is_limit(seconds: Any) -> bool:
    """True for a number of seconds that a request has time for."""
    try:
        return 0 < float(seconds) <= conf.UPSTREAM_DEADLINE
    except (TypeError, ValueError):
        return False
