"""The time by which a request has to be answered, whatever it waits for.

A statement timeout is the database server's, so it ends no wait for a server that is frozen or that the network
cuts off, and not every driver has a timeout of its own. So a watchdog thread shuts down the sockets of requests
that are late: whatever the driver waits for, it gets an error at once, and the request is answered with it.
"""

import math
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from wxlogin.conf import conf

# Parts of ``UPSTREAM_DEADLINE``. An answer may take twice the deadline. Nothing ends an attempt to connect but the
# driver's own limit, so the last one has to begin well before the end.
REQUEST_SHARE = 1.5
CONNECT_SHARE = 1.15
# Seconds. Pages for staff may do more than a call of the API, but not for ever.
PAGE_SECONDS = 30.0
# Seconds between two looks at the requests in progress.
TICK = 0.1
# Seconds. Once the cache has taken a request so much time, the request asks it nothing more.
CACHE_SECONDS = 0.5


@dataclass
class _Watched:
    """A database connection of a request. ``descriptor`` is a copy of its socket's, so its number stays ours."""

    connection: BaseDatabaseWrapper
    descriptor: int
    is_cut: bool = False

    def cut(self) -> None:
        if not self.is_cut:
            self.is_cut = True
            with suppress(OSError):
                _shut_down(self.descriptor)

    def release(self) -> None:
        os.close(self.descriptor)
        if self.is_cut:
            # If nobody used the connection since, Django doesn't know that it is dead.
            self.connection.close_at = 0.0


class _Request:
    """A request in progress, in one thread. ``until`` is its deadline by ``time.monotonic``.

    It keeps to the limits of ``outer``, the request that this thread works for, if there is one.
    """

    def __init__(self, outer: "_Request | None") -> None:
        self.until: float = outer.until if outer else math.inf
        self.connect_until: float = outer.connect_until if outer else math.inf
        self.cache_seconds_left: float = outer.cache_seconds_left if outer else CACHE_SECONDS
        self.thread: int | None = threading.get_ident()
        self._watched: list[_Watched] = []
        for connection in connections.all():
            self.watch(connection, connection.connection)
            _guard(connection)

    def watch(self, connection: BaseDatabaseWrapper, raw: Any) -> None:
        """Note the socket of a driver's connection. Only the thread that uses it may ask some drivers for it."""
        descriptor = _file_descriptor(raw)
        if descriptor is not None:
            # A process that has no descriptor left serves the request without this guard.
            with suppress(OSError):
                self._watched.append(_Watched(connection, os.dup(descriptor)))

    def cut(self) -> None:
        for watched in self._watched:
            watched.cut()

    def end(self) -> None:
        """Forget the sockets and the limits: a task that the request began may outlive it."""
        for watched in self._watched:
            watched.release()
        self._watched = []
        self.thread = None
        self.until = self.connect_until = self.cache_seconds_left = math.inf


_current: ContextVar[_Request | None] = ContextVar("wxlogin_request", default=None)


class request_deadline:
    """End the database's waits of this block after ``seconds``. Raises ``OperationalError`` within the block.

    The default is the share of ``UPSTREAM_DEADLINE`` that keeps the answer within twice the deadline. A block within
    another one can only end earlier.
    """

    # A class, since a generator with ``contextmanager`` costs each request several times as much.
    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = conf.UPSTREAM_DEADLINE * REQUEST_SHARE if seconds is None else seconds

    def __enter__(self) -> None:
        outer = _current.get()
        if outer and outer.thread == threading.get_ident():
            self._request, self._token = outer, None
        else:
            self._request = _Request(outer)
            self._token = _current.set(self._request)
            _watchdog().add(self._request)
        self._limits_before = self._request.until, self._request.connect_until
        self._limit(time.monotonic())

    def _limit(self, began: float) -> None:
        request, seconds = self._request, self._seconds
        request.until = min(request.until, began + seconds)
        request.connect_until = min(request.connect_until, began + seconds * CONNECT_SHARE / REQUEST_SHARE)

    def __exit__(self, *exc_info: object) -> None:
        if self._token:
            _watchdog().remove(self._request)
            self._request.end()
            _current.reset(self._token)
        else:
            # With the lock, no cut for the earlier limit is in progress afterwards.
            with _watchdog().lock:
                self._request.until, self._request.connect_until = self._limits_before


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give every request of a project an end, those of its own views and of the admin included.

    The API sets its own, shorter deadline with or without this middleware.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        with request_deadline(PAGE_SECONDS):
            return get_response(request)

    return answer


def until() -> float:
    """Return the deadline of the current request by ``time.monotonic``, infinity outside a request."""
    request = _current.get()
    return request.until if request else math.inf


def is_over() -> bool:
    """True if the current request is late: it should begin nothing more."""
    return time.monotonic() >= until()


def may_ask_cache() -> bool:
    """True until the calls of the current request to the cache have taken ``CACHE_SECONDS`` together."""
    request = _current.get()
    return request is None or request.cache_seconds_left > 0


def count_cache_call(seconds: float) -> None:
    """Count the time of a call to the cache as time that the current request has spent on it."""
    if request := _current.get():
        request.cache_seconds_left -= seconds


def _guard(connection: BaseDatabaseWrapper) -> None:
    """Have ``connection`` raise ``OperationalError`` in place of what a late request begins. Once for each thread."""
    if _refuse_late_statement in connection.execute_wrappers:
        return
    connection.execute_wrappers.insert(0, _refuse_late_statement)
    # Django has no hook before it connects, and connects by itself after a rollback that failed. Its first
    # statements on a new connection come before the signal ``connection_created``.
    connect = partial(_connect_in_time, connection, connection.get_new_connection)
    connection.get_new_connection = connect  # type: ignore[method-assign]


def _refuse_late_statement(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    request = _current.get()
    if request and time.monotonic() >= request.until:
        # A new connection may not be set up to the end, so no later request gets it.
        context["connection"].close_at = 0.0
        raise OperationalError("the request is past its deadline")
    return execute(sql, params, many, context)


def _connect_in_time(
    connection: BaseDatabaseWrapper, connect: Callable[[dict[str, Any]], Any], parameters: dict[str, Any]
) -> Any:
    request = _current.get()
    if request and time.monotonic() >= request.connect_until:
        raise OperationalError("the request has no time left to connect")
    raw = connect(parameters)
    if request:
        request.watch(connection, raw)
    return raw


class _Watchdog:
    """One thread that looks at all requests of its process, and cuts the connections of those that are late.

    A late request may connect anew, so it is looked at again until it ends.
    """

    def __init__(self) -> None:
        self._requests: set[_Request] = set()
        self.lock = threading.Lock()
        self._busy = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, request: _Request) -> None:
        with self.lock:
            self._requests.add(request)
            self._busy.set()
            if self._thread is None or not self._thread.is_alive():
                self._start()

    def remove(self, request: _Request) -> None:
        # With the lock, no cut is in progress afterwards: the thread's next request uses the same connections.
        with self.lock:
            self._requests.discard(request)

    def _start(self) -> None:
        # If the machine has no thread left, requests go on without a watchdog, and the next one tries again.
        with suppress(RuntimeError):
            self._thread = threading.Thread(target=self._watch, name="wxlogin-watchdog", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        while True:
            self._busy.wait()
            time.sleep(TICK)
            self._cut_late_requests()

    def _cut_late_requests(self) -> None:
        with self.lock:
            now = time.monotonic()
            for request in self._requests:
                if request.until <= now:
                    request.cut()
            if not self._requests:
                self._busy.clear()


# By process id, since a fork keeps no threads.
_watchdogs: dict[int, _Watchdog] = {}


def _watchdog() -> _Watchdog:
    pid = os.getpid()
    # Of two threads that come first at the same time, both use the first one's.
    return _watchdogs.get(pid) or _watchdogs.setdefault(pid, _Watchdog())


def _shut_down(descriptor: int) -> None:
    """Shut down a socket without closing ``descriptor``. Raises ``OSError`` if it has no peer any more."""
    sock = socket.socket(fileno=descriptor)
    try:
        sock.shutdown(socket.SHUT_RDWR)
    finally:
        sock.detach()


def _file_descriptor(raw: Any) -> int | None:
    """Return the descriptor of a driver's connection: psycopg, psycopg2, mysqlclient, or PyMySQL.

    None for a connection without a socket (SQLite), for one that is closed, and for drivers that don't tell.
    """
    ask = getattr(raw, "fileno", None) or getattr(getattr(raw, "_sock", None), "fileno", None)
    try:
        return ask() if ask else None
    # Each driver has an error of its own for a closed connection.
    except Exception:  # noqa: BLE001
        return None
