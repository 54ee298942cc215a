"""Bounds on how often one client address may call.

DRF's own throttles read, then write, and let several times the limit through under load. These count with the
cache's atomic ``incr``. A cache that fails makes way for a count of this process, so that login survives it.
"""

import ipaddress
import logging
import math
import time

from django.core.cache import BaseCache, cache
from django.core.cache.backends.locmem import LocMemCache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from wxlogin.conf import Rate, conf
from wxlogin.services.log import log

from .address import client_address

SHARED_CACHE_REST = (
    5.0  # seconds without asking a shared cache that failed: waiting for it costs each request
)


class Counter:
    """Counts calls in fixed windows that start with the first call."""

    def __init__(self) -> None:
        # As many addresses as may call within a window; Django's 300 would forget who has had enough.
        self._own = LocMemCache("wxlogin-throttle", {"OPTIONS": {"MAX_ENTRIES": 100_000}})
        self._rest_until = 0.0

    def refusal(self, key: str, rate: Rate) -> int | None:
        """Count one more; None while it is within ``rate``, else the seconds until the window ends."""
        if time.monotonic() >= self._rest_until:
            try:
                return _count(cache, key, rate)
            except Exception as exc:  # noqa: BLE001  each cache backend has errors of its own
                self._rest_until = time.monotonic() + SHARED_CACHE_REST
                log("throttle cache unavailable", logging.ERROR, problem=type(exc).__name__)
        return _count(self._own, key, rate)


def _count(store: BaseCache, key: str, rate: Rate) -> int | None:
    count = _increment(store, key, rate)
    if count == 1:
        # Redis' incr makes a key without an end if the window ended during it.
        store.touch(key, rate.seconds)
        store.set(f"{key}:end", time.time() + rate.seconds, rate.seconds)
    if count <= rate.limit:
        return None
    end: float = store.get(f"{key}:end", time.time() + rate.seconds)
    return max(1, math.ceil(end - time.time()))


def _increment(store: BaseCache, key: str, rate: Rate) -> int:
    store.add(key, 0, rate.seconds)
    try:
        return store.incr(key)
    except ValueError:  # the window ended in between
        store.add(key, 0, rate.seconds)
        return store.incr(key)


counter = Counter()


class AddressThrottle(BaseThrottle):
    scope = ""
    seconds: int | None = None

    def rate(self) -> Rate:
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        network = network_of(client_address(request))
        self.seconds = counter.refusal(f"wxlogin:{self.scope}:{network}", self.rate())
        return self.seconds is None

    def wait(self) -> float | None:
        return self.seconds


class LoginThrottle(AddressThrottle):
    scope = "login"

    def rate(self) -> Rate:
        return conf.LOGIN_RATE


class RefreshThrottle(AddressThrottle):
    scope = "refresh"

    def rate(self) -> Rate:
        return conf.REFRESH_RATE


def network_of(address: str | None) -> str:
    """Who shares a limit: one IPv4 address, or an IPv6 /64, since a client has a whole one to itself."""
    if address and ":" in address:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return address or "unknown"
