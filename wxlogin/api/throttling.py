"""Bounds on how often one client address may call.

DRF's own throttles read, then write, and let several times the limit through under load. These count with the
cache's atomic ``incr``. A cache that fails makes way for a count of this process, so that login survives it.
"""

import ipaddress
import logging
import time

from django.core.cache import BaseCache, cache
from django.core.cache.backends.locmem import LocMemCache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from wxlogin.conf import Rate, conf

from .address import client_address

logger = logging.getLogger("wxlogin")

SHARED_CACHE_REST = (
    5.0  # seconds without asking a shared cache that failed: waiting for it costs each request
)


class Counter:
    """Counts calls in fixed windows that start with the first call."""

    def __init__(self) -> None:
        self._own = LocMemCache("wxlogin-throttle", {})
        self._rest_until = 0.0

    def allow(self, key: str, rate: Rate) -> bool:
        """Count one more; False once there were more than ``rate.limit`` within the window."""
        if time.monotonic() >= self._rest_until:
            try:
                return _count(cache, key, rate) <= rate.limit
            except Exception as exc:  # noqa: BLE001  each cache backend has errors of its own
                self._rest_until = time.monotonic() + SHARED_CACHE_REST
                logger.error("throttle cache unavailable problem=%s", type(exc).__name__)
        return _count(self._own, key, rate) <= rate.limit

    def forget(self) -> None:
        """Start this process' own count anew, and ask the shared cache again. For tests."""
        self._own.clear()
        self._rest_until = 0.0


def _count(store: BaseCache, key: str, rate: Rate) -> int:
    store.add(key, 0, rate.seconds)
    try:
        count = store.incr(key)
    except ValueError:  # the window ended in between
        store.add(key, 0, rate.seconds)
        count = store.incr(key)
    if count == 1:
        # Redis' incr makes a key without an end if the window ended during it.
        store.touch(key, rate.seconds)
    return count


counter = Counter()


class AddressThrottle(BaseThrottle):
    scope = ""

    def rate(self) -> Rate:
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        return counter.allow(f"wxlogin:{self.scope}:{network_of(client_address(request))}", self.rate())

    def wait(self) -> float:
        return self.rate().seconds


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
