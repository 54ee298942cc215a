"""The time limit of a call to the default cache, as each kind of cache declares it."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from django.core.cache import BaseCache
from django.utils.translation import gettext_lazy as _

from .servers import is_limit


def has_limit(found: type[BaseCache] | None, declared: Mapping[str, Any]) -> bool:
    """True unless the cache is of a kind that we know and may wait for longer than a request has time.

    ``found`` is its class, None if that can't be imported.
    """
    names = [f"{each.__module__}.{each.__qualname__}" for each in found.__mro__] if found else []
    for name in names or [declared.get("BACKEND", "")]:
        if read := READ_LIMITS.get(name):
            limits = read(declared.get("OPTIONS") or {}, _in_addresses(declared.get("LOCATION")))
            return all(is_limit(seconds) for seconds in limits)
    return True


def _in_addresses(location: Any) -> Any:
    """Return the limit that stands in the addresses of all servers, as redis://host?socket_timeout=0.4. Else None."""
    addresses = location.replace(";", ",").split(",") if isinstance(location, str) else location or []
    queries = [parse_qs(str(each).partition("?")[2]) for each in addresses]
    limits = [query.get("socket_timeout", [""])[0] for query in queries]
    # If one of the servers has no valid limit, return that one.
    return min(limits, key=is_limit, default=None) or None


def _of_django(options: Mapping[str, Any], in_addresses: Any) -> list[Any]:
    return [in_addresses or options.get("socket_timeout")]


def _of_django_redis(options: Mapping[str, Any], in_addresses: Any) -> list[Any]:
    of_pool = (options.get("CONNECTION_POOL_KWARGS") or {}).get("socket_timeout")
    limits = [in_addresses or of_pool or options.get("SOCKET_TIMEOUT")]
    if (of_sentinels := options.get("SENTINEL_KWARGS")) is not None:
        # Without this dict, the connections to the sentinels have the limits of those to Redis.
        limits.append(of_sentinels.get("socket_timeout"))
    return limits


def _of_pymemcache(options: Mapping[str, Any], in_addresses: Any) -> list[Any]:
    return [options.get("timeout"), options.get("connect_timeout")]


def _of_pylibmc(options: Mapping[str, Any], in_addresses: Any) -> list[Any]:
    # In milliseconds. libmemcached's own is 5 seconds, and it knows no other that ends the wait for an answer.
    milliseconds = (options.get("behaviors") or {}).get("_poll_timeout")
    return [milliseconds / 1000 if isinstance(milliseconds, int | float) else None]


READ_LIMITS: dict[str, Callable[[Mapping[str, Any], Any], list[Any]]] = {
    "django.core.cache.backends.redis.RedisCache": _of_django,
    "django_redis.cache.RedisCache": _of_django_redis,
    "django_valkey.base.BaseValkeyCache": _of_django_redis,
    "django.core.cache.backends.memcached.PyMemcacheCache": _of_pymemcache,
    "django.core.cache.backends.memcached.PyLibMCCache": _of_pylibmc,
}
SET_LIMIT = _(
    'Set CACHES["default"]["OPTIONS"] to {"socket_timeout": 0.4, "socket_connect_timeout": 0.4} for Redis (django-redis: '
    'in capital letters; SENTINEL_KWARGS as for Redis), {"timeout": 0.4, "connect_timeout": 0.4} for pymemcache, or '
    '{"behaviors": {"_poll_timeout": 400, "connect_timeout": 400}} for pylibmc.'
)
