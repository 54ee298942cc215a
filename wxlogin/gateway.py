"""Make the platform client from the project's settings and its cache. Nothing else does."""

import json
import os
import threading
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.core.cache import caches
from django.db import connections

from wxlogin import deadline
from wxlogin.clock import database_clock
from wxlogin.conf import conf
from wxlogin.exceptions import UnknownApp
from wxlogin.sealing import vault
from wxlogin.secret import Secret
from wxlogin.shared_cache import shared_cache
from wxlogin.vault import CannotOpen
from wxlogin.wechat.access_tokens import AccessTokens
from wxlogin.wechat.breaker import BreakerState
from wxlogin.wechat.client import WeChatClient
from wxlogin.wechat.endpoint import Limits
from wxlogin.wechat.transport import Transport

OPEN_BREAKER = "wxlogin:open_breaker"

# lru_cache would let two threads that come first at the same time make a transport each.
_transport_lock = threading.Lock()


def get_client(appid: str) -> WeChatClient:
    """Return a client that calls WeChat as ``appid``. Raises ``UnknownApp``.

    Clients are cheap: all clients of a process share one transport with its connections and its limits. A client
    made in a request calls until the request's deadline: make another one for the next request.
    """
    app = conf.APPS.get(appid)
    if app is None:
        raise UnknownApp
    limits = Limits(
        deadline=conf.UPSTREAM_DEADLINE,
        concurrency=conf.UPSTREAM_CONCURRENCY,
        breaker_failures=conf.BREAKER_FAILURES,
        breaker_pause=conf.BREAKER_PAUSE.total_seconds(),
    )
    with _transport_lock:
        transport = _transport(os.getpid(), conf.API_BASE, limits, conf.CA_BUNDLE)
    access_tokens = AccessTokens(
        app.appid, SealedCache(), deadline=transport.seconds, clock=database_clock.now
    )
    return WeChatClient(app.appid, app.secret, transport, access_tokens, latest=deadline.until())


class SealedCache:
    """The project's cache with sealed values, as a store for ``AccessTokens``.

    Other programs may be able to read the cache: it can be a database table or a Redis that others use too. The
    values are text, since a cache may take nothing but JSON.
    """

    def get(self, key: str) -> Secret[str] | None:
        sealed = shared_cache.get(key)
        try:
            return vault().open(b64decode(sealed), bound_to=("cache", key)) if sealed else None
        except (CannotOpen, TypeError, ValueError):
            # The keys have changed since, or it isn't ours. The value counts as a cache miss.
            return None

    def set(self, key: str, value: Secret[str], timeout: float) -> None:
        shared_cache.set(key, _seal(key, value), timeout)

    def add(self, key: str, value: Secret[str], timeout: float) -> bool:
        return shared_cache.add(key, _seal(key, value), timeout)

    def delete(self, key: str) -> None:
        shared_cache.delete(key)


def _seal(key: str, value: Secret[str]) -> str:
    return b64encode(vault().seal(value, bound_to=("cache", key))).decode()


@dataclass(frozen=True)
class OpenBreaker:
    """A breaker that is open in some process. ``state`` is ``open`` or ``probing``; ``since`` is a ``time.time``."""

    path: str
    state: str
    failures: int
    since: float

    @classmethod
    def parse(cls, text: Any) -> "OpenBreaker | None":
        """Return what ``dump`` wrote, None for anything else: another version of this code may have stored it."""
        try:
            stored = json.loads(text)
            opened = cls(
                str(stored["path"]), str(stored["state"]), int(stored["failures"]), float(stored["since"])
            )
            # It has to be a time that can be shown.
            datetime.fromtimestamp(opened.since, UTC)
        except (TypeError, LookupError, ValueError, OverflowError, OSError, RecursionError):
            return None
        return opened

    def dump(self) -> str:
        return json.dumps(asdict(self))


def open_breaker() -> OpenBreaker | None:
    """Return what the processes that share the cache reported last, None if no breaker of theirs is open."""
    return OpenBreaker.parse(shared_cache.get(OPEN_BREAKER))


def _report(path: str, state: BreakerState) -> None:
    """Tell all processes that a breaker is open, or that it has closed.

    An open breaker reports again and again. So the entry comes back if another process removes it, and it expires
    soon if its process dies.
    """
    try:
        if state.name == "closed":
            shared_cache.delete(OPEN_BREAKER)
        else:
            reported = OpenBreaker(path, state.name, state.failures, state.since)
            shared_cache.set(OPEN_BREAKER, reported.dump(), 2 + conf.UPSTREAM_DEADLINE)
    finally:
        # Nobody else closes the connections of the breaker's thread. The cache may be a table of the database.
        caches.close_all()
        connections.close_all()


@lru_cache(maxsize=8)
def _transport(pid: int, base_url: str, limits: Limits, ca_bundle: str | None) -> Transport:
    """Make one transport for each process and host. ``pid`` is an argument since a fork keeps no threads."""
    return Transport(base_url, limits, ca_bundle=ca_bundle, report=_report)
