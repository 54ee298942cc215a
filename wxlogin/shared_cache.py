"""Django's default cache, and what stands in for it while it fails.

Everything kept there can be had again or counted anew; losing it must not cost anybody the login.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.cache import BaseCache, cache
from django.core.cache.backends.locmem import LocMemCache

logger = logging.getLogger("wxlogin")
ACROSS_PROCESSES = {
    "django.core.cache.backends.redis.RedisCache",
    "django.core.cache.backends.memcached.PyMemcacheCache",
    "django.core.cache.backends.memcached.PyLibMCCache",
    "django_redis.cache.RedisCache",
}
REST = 5.0  # seconds without asking a cache that failed: waiting for it costs each request

R = TypeVar("R")


def is_shared() -> bool:
    """Whether all processes of the project have one default cache."""
    return settings.CACHES.get("default", {}).get("BACKEND") in ACROSS_PROCESSES


class SharedCache:
    """Shared between processes where the project's cache is."""

    def __init__(self) -> None:
        # As many addresses as may call within a window; Django's 300 would forget who has had enough.
        self._own = LocMemCache("wxlogin", {"OPTIONS": {"MAX_ENTRIES": 100_000}})
        self._own.clear()  # all of a name share their memory
        self._rest_until = 0.0

    def run(self, use: Callable[[BaseCache], R]) -> R:
        """What ``use`` makes of the project's cache, or of this process's own while that one fails."""
        if time.monotonic() >= self._rest_until:
            try:
                return use(cache)
            except Exception as exc:  # noqa: BLE001  each cache backend has errors of its own
                self._rest_until = time.monotonic() + REST
                logger.error("cache unavailable problem=%s", type(exc).__name__)  # noqa: TRY400  the text may hold its password
        return use(self._own)


shared_cache = SharedCache()
