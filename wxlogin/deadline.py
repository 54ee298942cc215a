"""The time by which a request has to be answered, whatever it waits for.

A statement timeout is the database server's, so it ends no wait for a server that is frozen or that the network
cuts off, and not every driver has a timeout of its own. So a watchdog thread shuts down the sockets of requests
that are late: whatever the driver waits for, it gets an error at once, and the request is answered with it.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache, partial
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


class _Request:
    """A request in progress. ``until`` is its deadline by ``time.monotonic``. ``outer``: the request it is part of."""

    def __init__(self, seconds: float, outer: "_Request | None") -> None:
        began = time.monotonic()
        self.until = began + seconds
        self.connect_until = began + seconds * CONNECT_SHARE / REQUEST_SHARE
        self.cache_seconds_left = CACHE_SECONDS
        self._outer = outer
        self._sockets: list[tuple[BaseDatabaseWrapper, Any, int]] = []
        for connection in connections.all():
            self.watch(connection)
            _guard(connection)

    def watch(self, connection: BaseDatabaseWrapper) -> None:
        """Note the socket of ``connection``. Only the thread that uses it may ask some drivers for it."""
        raw = connection.connection
        descriptor = _file_descriptor(raw)
        if descriptor is not None:
            self._sockets.append((connection, raw, descriptor))
        if self._outer:
            self._outer.watch(connection)

    def cut(self) -> None:
        for connection, raw, descriptor in self._sockets:
            # The number of a closed connection's descriptor may belong to another socket by now.
            if connection.connection is raw:
                with suppress(OSError):
                    _shut_down(descriptor)


_current: ContextVar[_Request | None] = ContextVar("wxlogin_request", default=None)


@contextmanager
def request_deadline(seconds: float | None = None) -> Iterator[None]:
    """End the database's waits of this block after ``seconds``, with the driver's own error.

    The default is the share of ``UPSTREAM_DEADLINE`` that keeps the answer within twice the deadline.
    """
    seconds = conf.UPSTREAM_DEADLINE * REQUEST_SHARE if seconds is None else seconds
    request, watchdog = _Request(seconds, outer=_current.get()), _watchdog(os.getpid())
    before = _current.set(request)
    watchdog.add(request)
    try:
        yield
    finally:
        watchdog.remove(request)
        _current.reset(before)


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give every request of a project an end, those of its own views and of the admin included.

    The API sets its own, shorter deadline with or without this middleware.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        with request_deadline(PAGE_SECONDS):
            return get_response(request)

    return answer


def watch_new_connection(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Hold a connection that a request has just made to the request's deadline. A receiver of ``connection_created``."""
    if request := _current.get():
        request.watch(connection)


def until() -> float:
    """Return the deadline of the current request by ``time.monotonic``, infinity outside a request."""
    request = _current.get()
    return request.until if request else float("inf")


def is_over() -> bool:
    """True if the current request is late: it should begin nothing more."""
    return time.monotonic() >= until()


def may_ask_cache() -> bool:
    """True until the calls of the current request to the cache have taken ``CACHE_SECONDS`` together."""
    request = _current.get()
    return request is None or request.cache_seconds_left > 0


@contextmanager
def cache_call() -> Iterator[None]:
    """Count the time of this block as time that the current request has spent on the cache."""
    request, began = _current.get(), time.monotonic()
    try:
        yield
    finally:
        if request:
            request.cache_seconds_left -= time.monotonic() - began


def _guard(connection: BaseDatabaseWrapper) -> None:
    """Have ``connection`` raise ``OperationalError`` in place of what a late request begins. Once for each thread."""
    if _refuse_late_statement in connection.execute_wrappers:
        return
    connection.execute_wrappers.insert(0, _refuse_late_statement)
    # Django has no hook for this, and connects by itself after a rollback that failed.
    connection.connect = partial(_connect_in_time, connection.connect)  # type: ignore[method-assign]


def _refuse_late_statement(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    # Django's own first statements on a new connection come here too, before the watchdog knows the connection.
    if is_over():
        # The connection may not be set up to the end, so no later request gets it.
        context["connection"].close_at = 0.0
        raise OperationalError("the request is past its deadline")
    return execute(sql, params, many, context)


def _connect_in_time(connect: Callable[[], None]) -> None:
    request = _current.get()
    if request and time.monotonic() >= request.connect_until:
        raise OperationalError("the request has no time left to connect")
    connect()


class _Watchdog:
    """One thread that looks at all requests of its process, and cuts the connections of those that are late.

    A late request is cut again at each look, since it may have connected anew.
    """

    def __init__(self) -> None:
        self._requests: set[_Request] = set()
        self._lock = threading.Lock()
        self._busy = threading.Event()
        threading.Thread(target=self._watch, name="wxlogin-watchdog", daemon=True).start()

    def add(self, request: _Request) -> None:
        with self._lock:
            self._requests.add(request)
            self._busy.set()

    def remove(self, request: _Request) -> None:
        # With the lock, no cut is in progress afterwards: the thread's next request uses the same connections.
        with self._lock:
            self._requests.discard(request)

    def _watch(self) -> None:
        while True:
            self._busy.wait()
            time.sleep(TICK)
            self._cut_late_requests()

    def _cut_late_requests(self) -> None:
        with self._lock:
            now = time.monotonic()
            for request in self._requests:
                if request.until <= now:
                    request.cut()
            if not self._requests:
                self._busy.clear()


@cache
def _watchdog(pid: int) -> _Watchdog:
    """Make one watchdog for each process. ``pid`` is an argument since a fork keeps no threads."""
    return _Watchdog()


def _shut_down(descriptor: int) -> None:
    """Shut down a socket. Raises ``OSError`` if it is gone already."""
    # Closing the copy leaves the driver its own descriptor.
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        copy.shutdown(socket.SHUT_RDWR)


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
