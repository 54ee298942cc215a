"""The project's default cache: whether it takes what logins store there, and whether all processes share it."""

import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.cache import BaseCache, InvalidCacheBackendError, InvalidCacheKey, cache
from django.core.cache.backends.base import get_key_func, memcache_key_warnings
from django.core.cache.backends.memcached import BaseMemcachedCache
from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.db import Error as DatabaseError
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy as _

from wxlogin.gateway import OpenBreaker
from wxlogin.services.meanings import Result, Text
from wxlogin.shared_cache import cache_class, is_outage, is_shared, keeps_nothing, protected_transaction

from . import cache_limits

# Seconds that a probe stays in the cache if it can't be deleted.
PROBE_LIFETIME = 10
# The longest key of ours: a throttle's, for the network of an IPv6 address, and the end of its window.
LONGEST_KEY = "wxlogin:refused-push:ffff:ffff:ffff:ffff::/64:end"


def problems() -> Iterator[CheckMessage]:
    # Django itself ends at a default cache that is missing, or whose class is.
    found, declared = cache_class(), settings.CACHES.get("default", {})
    if found and issubclass(found, BaseMemcachedCache):
        make_key = get_key_func(declared.get("KEY_FUNCTION"))
        key = make_key(LONGEST_KEY, declared.get("KEY_PREFIX", ""), declared.get("VERSION", 1))
        # Memcached counts bytes.
        if list(memcache_key_warnings(key.encode().decode("latin-1"))):
            yield Warning(
                id="wxlogin.W018",
                msg=str(KEYS_REFUSED),
                hint=str(CHOOSE_KEYS),
            )


def deployment_problems() -> Iterator[CheckMessage]:
    found = cache_class()
    if found and (text := _why_throttles_miss_calls(found)):
        yield Warning(id="wxlogin.W005", msg=text, hint=str(USE_SHARED_CACHE))
    if not cache_limits.has_limit(found, settings.CACHES.get("default", {})):
        yield Warning(
            id="wxlogin.W010",
            msg=gettext("A call to the default cache may take longer than UPSTREAM_DEADLINE."),
            hint=str(cache_limits.SET_LIMIT),
        )


def _why_throttles_miss_calls(found: type[BaseCache]) -> str | None:
    if keeps_nothing():
        return str(KEEPS_NOTHING)
    if not is_shared():
        return gettext(
            "The default cache is not shared between processes, so each one counts throttles for itself."
        )
    if found.incr is BaseCache.incr:
        return gettext(
            "The default cache counts in two steps, a read and a write, so throttles miss calls that come at the "
            "same moment. And it drops counts when it has more than MAX_ENTRIES entries."
        )
    return None


def examine() -> Iterator[Result]:
    """Use Django's cache directly: ``shared_cache`` would hide that it is down."""
    if keeps_nothing():
        yield True, KEEPS_NOTHING, USE_SHARED_CACHE
        return
    try:
        problems = list(_find_problems(f"wxlogin:doctor:{secrets.token_hex(16)}"))
    except InvalidCacheKey:
        problems = [(False, KEYS_REFUSED, CHOOSE_KEYS)]
    except InvalidCacheBackendError:
        text = _("Its class can't be imported: {name}.")
        named = settings.CACHES.get("default", {}).get("BACKEND")
        problems = [(False, format_lazy(text, name=named), INSTALL_IT)]
    except DatabaseError as exc:
        text = _("The table of the cache can't be used: {problem}.")
        problems = [(False, format_lazy(text, problem=type(exc).__name__), MAKE_TABLE)]
    yield from problems
    if not problems and is_shared():
        yield True, _("It works, and all processes share it.")
    elif not problems:
        yield True, _("It works. Each process has one of its own.")


def _find_problems(key: str) -> Iterator[Result]:
    for what, probe in PROBES.items():
        try:
            with protected_transaction():
                kept = probe(key)
        except Exception as exc:
            if is_outage(exc, seconds=0) or isinstance(exc, InvalidCacheKey | InvalidCacheBackendError):
                raise
            text = format_lazy(_("It can't hold {what}: {problem}."), what=what, problem=type(exc).__name__)
            yield False, text, CHANGE_SERIALIZER
            continue
        if kept is None:
            text = _("It forgets what it is told, or keeps what it should forget.")
            yield False, text, USE_SHARED_CACHE
            return
        if not kept:
            yield (
                False,
                format_lazy(_("It gives something else back for {what}."), what=what),
                CHANGE_SERIALIZER,
            )


def _keeps(key: str, value: Any) -> bool | None:
    """Return whether the cache gives ``value`` back. None if it gives back nothing, or keeps what was deleted."""
    cache.set(key, value, PROBE_LIFETIME)
    found = cache.get(key)
    cache.delete(key)
    return None if found is None or cache.get(key) is not None else bool(found == value)


def _keeps_sealed_text(key: str) -> bool | None:
    return _keeps(key, b64encode(bytes(range(256))).decode())


def _keeps_report(key: str) -> bool | None:
    return _keeps(key, OpenBreaker("/sns/jscode2session", "open", 5, 1_790_000_000.25).dump())


def _keeps_end(key: str) -> bool | None:
    return _keeps(key, 1_790_000_000_250)


def _counts(key: str) -> bool:
    added = cache.add(key, 1, PROBE_LIFETIME)
    counts = [cache.incr(key), cache.incr(key)]
    cache.delete(key)
    return added and counts == [2, 3]


def _is_exclusive(key: str) -> bool:
    added = [bool(cache.add(key, text, PROBE_LIFETIME)) for text in ("one", "another")]
    cache.delete(key)
    return added == [True, False]


KEEPS_NOTHING = _("The default cache keeps nothing, so each process counts throttles for itself.")
KEYS_REFUSED = _("Memcached refuses the keys that the default cache makes for wxlogin.")
CHOOSE_KEYS = _(
    "Choose a KEY_PREFIX without spaces, of at most 150 bytes, or another KEY_FUNCTION. "
    "Until then each process counts throttles for itself."
)
INSTALL_IT = _("Install the package that the cache needs, or correct CACHES['default']['BACKEND'].")
USE_SHARED_CACHE = _("Use Redis or Memcached as the default cache.")
MAKE_TABLE = _("Run manage.py createcachetable, and check that the database is up and lets us write.")
CHANGE_SERIALIZER = _(
    "Give the default cache another serializer: text and whole numbers have to come back as they were."
)
# What logins store, and what each needs of the cache.
PROBES: dict[Text, Callable[[str], bool | None]] = {
    _("an access_token"): _keeps_sealed_text,
    _("the report of an open breaker"): _keeps_report,
    _("the end of a throttle's window"): _keeps_end,
    _("the count of a throttle"): _counts,
    _("a lock"): _is_exclusive,
}
