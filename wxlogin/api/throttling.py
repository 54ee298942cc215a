"""Bounds on how often somebody may call.

DRF's own throttles read, then write, and let several times the limit through under load. These count with the
cache's atomic ``incr``.
"""

import ipaddress
import math
import time
from typing import cast

from django.core.cache import BaseCache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from wxlogin.caller import client_address
from wxlogin.conf import Rate, conf
from wxlogin.models import LoginSession
from wxlogin.shared_cache import shared_cache


def seconds_to_wait(key: str, rate: Rate) -> int | None:
    """Count one more call. Return None while it is within ``rate``, else the seconds until the window ends.

    Windows are fixed and start with the first call. A cache that fails makes way for a count of this process.
    """
    return shared_cache.run(lambda store: _count(store, key, rate))


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


class Throttle(BaseThrottle):
    scope = ""
    seconds: int | None = None

    def rate(self) -> Rate:
        raise NotImplementedError

    def who(self, request: Request) -> str:
        """Who has a count of their own: a client address."""
        return network_of(client_address(request))

    def allow_request(self, request: Request, view: APIView) -> bool:
        self.seconds = seconds_to_wait(f"wxlogin:{self.scope}:{self.who(request)}", self.rate())
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


class SessionDataThrottle(DataThrottle):
    """A login session has a count too: somebody who guesses at open data may own many addresses."""

    scope = "data-session"

    def who(self, request: Request) -> str:
        return cast(LoginSession, request.auth).public_id


def network_of(address: str | None) -> str:
    """Who shares a limit: one IPv4 address, or an IPv6 /64, since a client has a whole one to itself."""
    if address and ":" in address:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return address or "unknown"
