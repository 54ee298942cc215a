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
from wxlogin.shared_cache import shared_cache


def seconds_to_wait(key: str, rate: Rate) -> int | None:
    """Count one more call. Return None while it is within ``rate``, else the seconds until the window ends.

    Windows are fixed and start with the first call. While the cache fails, each process counts for itself.
    """
    now = shared_time()
    return shared_cache.run(lambda store: _count(store, key, rate, now))


def _count(store: BaseCache, key: str, rate: Rate, now: float) -> int | None:
    """Count one more call at ``now``, by the clock that all hosts share: another host may count the next call."""
    end_key = f"{key}:end"
    count = _increment(store, key, rate)
    if count == 1:
        store.set(end_key, now + rate.seconds, rate.seconds)
    if count <= rate.limit:
        return None
    end: float | None = store.get(end_key)
    if end is None:
        # The call that began the window didn't get to set its end.
        end = now + rate.seconds
        store.touch(key, rate.seconds)
        store.set(end_key, end, rate.seconds)
    return min(max(1, math.ceil(end - now)), rate.seconds)


def _increment(store: BaseCache, key: str, rate: Rate) -> int:
    for _ in range(2):
        # ``incr`` raises ValueError if there is no window.
        with suppress(ValueError):
            return _increment_existing(store, key, rate)
        # A parallel call may begin one before we do, and the next ``incr`` may come after its end.
        if store.add(key, 1, rate.seconds):
            break
    return 1


def _increment_existing(store: BaseCache, key: str, rate: Rate) -> int:
    count = store.incr(key)
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
