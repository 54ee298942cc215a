"""Limits on how often a client may call.

DRF's own throttles read and write their counts in two steps, so parallel calls can exceed the limit several
times. These throttles count with the cache's atomic ``incr``.
"""

import ipaddress
import math
from contextlib import suppress
from typing import cast

from django.core.cache import BaseCache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from wxlogin.caller import client_address, proxies_of
from wxlogin.conf import Rate, conf
from wxlogin.models import LoginSession
from wxlogin.models.clock import shared_time
from wxlogin.services.host.addresses import shared_limits
from wxlogin.shared_cache import CacheGaveNoAnswer, add, is_outage, shared_cache

# Seconds that the end of a window is kept beyond it: some caches expire in whole seconds, and the count comes last.
END_OUTLIVES = 60


def seconds_to_wait(key: str, rate: Rate) -> int | None:
    """Count one more call. Return None while it is within ``rate``, else the seconds until the window ends.

    Windows are fixed and start with the first call. While the cache fails, each process counts for itself.
    """
    now = shared_time()
    return shared_cache.run(lambda store: _count(store, key, rate, now), key)


def _count(store: BaseCache, key: str, rate: Rate, now: float) -> int | None:
    """Count one more call at ``now``, by the clock that all hosts share: another host may count the next call."""
    count = _increment(store, key, rate, now)
    if _forgets_expiry(store):
        left = _seconds_left(store, key, now)
        if left is None or left <= 0:
            _begin_window(store, key, rate, now)
            store.set(key, 1, rate.seconds)
            return None
        store.touch(key, math.ceil(left))
    if count <= rate.limit:
        return None
    left = _seconds_left(store, key, now)
    if left is None:
        # The end was evicted, or it is read from a replica that doesn't have it. The limit stays.
        _begin_window(store, key, rate, now)
        store.touch(key, rate.seconds)
        return rate.seconds
    return min(max(1, math.ceil(left)), rate.seconds)


def _forgets_expiry(store: BaseCache) -> bool:
    """True if ``incr`` stores the count for the cache's own time: a table and a folder have Django's own ``incr``."""
    return getattr(store.incr, "__func__", None) is BaseCache.incr


def _increment(store: BaseCache, key: str, rate: Rate, now: float) -> int:
    for _ in range(2):
        # ``incr`` raises ValueError if there is no window.
        with suppress(ValueError):
            return _increment_existing(store, key, rate)
        # A parallel call may begin one before we do, and the next ``incr`` may come after its end.
        _begin_window(store, key, rate, now)
        if add(store, key, 1, rate.seconds):
            return 1
    # Something else than a count is stored. If ``incr`` still fails, this cache can't count.
    store.set(key, 0, rate.seconds)
    return store.incr(key)


def _begin_window(store: BaseCache, key: str, rate: Rate, now: float) -> None:
    """Store the end of a window that begins now. Its count comes later, so that each window with a count has an end."""
    store.set(f"{key}:end", round((now + rate.seconds) * 1000), rate.seconds + END_OUTLIVES)


def _seconds_left(store: BaseCache, key: str, now: float) -> float | None:
    """Return the seconds until the window ends, negative if it is over. None if its end can't be read."""
    try:
        return int(store.get(f"{key}:end")) / 1000 - now
    except Exception as exc:
        if is_outage(exc, seconds=0):
            raise
        return None


def _increment_existing(store: BaseCache, key: str, rate: Rate) -> int:
    """Count in a window that has begun. Raises ``ValueError`` if there is none, or if its count isn't a number."""
    try:
        count = store.incr(key)
    except Exception as exc:
        if is_outage(exc, seconds=0):
            raise
        raise ValueError from exc
    if count is None or count is False:
        raise CacheGaveNoAnswer
    if not isinstance(count, int):
        raise ValueError("not a count")
    if count == 1:
        # The window ended within ``incr``, and Redis has made a new key that never expires.
        store.touch(key, rate.seconds)
    return count


class Throttle(BaseThrottle):
    """The base of the throttles. ``scope`` names the count, so each scope has counts of its own."""

    scope = ""
    counts_addresses = True
    seconds: int | None = None

    def rate(self) -> Rate:
        raise NotImplementedError

    def client_key(self, request: Request) -> str:
        """Return the key that the call is counted under: the network of the client's IP address."""
        return client_network(client_address(request))

    def allow_request(self, request: Request, view: APIView) -> bool:
        self.seconds = seconds_to_wait(f"wxlogin:{self.scope}:{self.client_key(request)}", self.rate())
        if self.seconds is not None and self.counts_addresses:
            shared_limits.note(proxies_of(request), self.scope)
        return self.seconds is None

    def wait(self) -> float | None:
        return self.seconds


class LoginThrottle(Throttle):
    scope = "login"

    def rate(self) -> Rate:
        return conf.LOGIN_RATE


class RefreshThrottle(Throttle):
    scope = "refresh"

    def rate(self) -> Rate:
        return conf.REFRESH_RATE


class DataThrottle(Throttle):
    scope = "data"

    def rate(self) -> Rate:
        return conf.DATA_RATE


class RefusedPushThrottle(DataThrottle):
    """A limit on pushes that WeChat didn't sign. It is asked after the signature was found wrong."""

    scope = "refused-push"


class SessionDataThrottle(DataThrottle):
    """A limit for each login session, since an attacker who tries open data may call from many IP addresses."""

    scope = "data-session"
    counts_addresses = False

    def client_key(self, request: Request) -> str:
        return cast(LoginSession, request.auth).public_id


def client_network(address: str | None) -> str:
    """Return an IPv4 address as it is, and an IPv6 address as its /64, since one client often has a whole /64.

    A missing address gives ``unknown``: all clients without a readable address share one count.
    """
    if address and ":" in address:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return address or "unknown"
