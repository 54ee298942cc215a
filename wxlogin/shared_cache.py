"""Django's default cache, with a local fallback while it fails.

Nothing is lost with the cache: tokens can be fetched and calls counted again. So its failure must not stop a
login.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.cache import BaseCache, cache
from django.core.cache.backends.locmem import LocMemCache

from wxlogin import deadline

logger = logging.getLogger("wxlogin")
# The backends that all processes of a project share.
SHARED_BACKENDS = {
    "django.core.cache.backends.redis.RedisCache",
    "django.core.cache.backends.memcached.PyMemcacheCache",
    "django.core.cache.backends.memcached.PyLibMCCache",
    "django_redis.cache.RedisCache",
}
# Seconds for which a cache that failed isn't asked again. Each request would have to wait for its timeout.
PAUSE_AFTER_FAILURE = 5.0

R = TypeVar("R")


def is_shared() -> bool:
    """True if all processes of the project share the default cache."""
    return settings.CACHES.get("default", {}).get("BACKEND") in SHARED_BACKENDS


class SharedCache:
    """The project's default cache, or a cache in this process's memory while that one fails."""

    def __init__(self) -> None:
        # The throttles keep a count for each network. Django's default of 300 entries would drop counts too soon.
        self._fallback = LocMemCache("wxlogin", {"OPTIONS": {"MAX_ENTRIES": 100_000}})
        # All LocMemCaches with one name share their memory, so an earlier one may have left entries.
        self._fallback.clear()
        self._paused_until = 0.0

    def run(self, use: Callable[[BaseCache], R]) -> R:
        """Call ``use`` with the project's cache, or with the fallback if that one fails. Return its result.

        ``use`` runs a second time, with the fallback, if the project's cache fails during it. A cache that is
        slow counts as failing for the rest of a request, once it has taken its share of the request's time.
        """
        if time.monotonic() >= self._paused_until and deadline.may_ask_cache():
            began = time.monotonic()
            try:
                return use(cache)
            # Each cache backend has errors of its own.
            except Exception as exc:  # noqa: BLE001
                self._paused_until = time.monotonic() + PAUSE_AFTER_FAILURE
                # The text of the error may hold the cache's password.
                logger.error("cache unavailable problem=%s", type(exc).__name__)  # noqa: TRY400
            finally:
                deadline.count_cache_call(time.monotonic() - began)
        return use(self._fallback)


shared_cache = SharedCache()
