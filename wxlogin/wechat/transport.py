"""HTTP to one WeChat host: pooled, and bounded in time, size and number.

``requests`` bounds each socket operation, not the call: a peer that sends a byte now and then keeps it busy
for as long as it likes, and a name that does not resolve has no bound at all. So a call runs in a worker
thread, the caller waits for it until the deadline and not a moment longer, and then cuts the worker's
connection, which frees the worker too.
"""

import logging
import re
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError, TimeoutError as SocketTimeout

from .errors import BadResponse, NotSent, TooManyInFlight, WeChatError, WeChatTimeout, WeChatUnavailable
from .slots import Slots

MAX_BODY = 64 * 1024
CHUNK = 8 * 1024

SECRETS_IN_A_URL = re.compile(r"\b(secret|js_code|access_token|signature|openid)=[^&\s'\"]+")


class MaskSecrets(logging.Filter):
    """urllib3 logs every URL at DEBUG, some at WARNING, and WeChat wants the AppSecret in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        masked, found = SECRETS_IN_A_URL.subn(r"\1=***", record.getMessage())
        if found:
            record.msg, record.args = masked, None
        # What comes with a traceback ("Failed to parse headers") quotes the answer too.
        return not (found and record.exc_info)


for _name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(MaskSecrets())


class Call:
    """One request under way: until when, and over which connection."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.connection: HTTPConnection | None = None

    @property
    def remaining(self) -> float:
        return self.until - time.monotonic()

    def check(self) -> None:
        """Raises ``TimeoutError`` once it is over: a code sent now would be spent on nobody."""
        if self.remaining <= 0:
            raise TimeoutError

    def cut(self) -> None:
        """Make whatever the worker is waiting for return now."""
        sock = getattr(self.connection, "sock", None)
        # A connection that went back to the pool may serve somebody else by now.
        if sock is not None and getattr(self.connection, "call", None) is self:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


_worker = threading.local()


class _Cuttable:
    """Tells the call which connection it got, and goes no further when the cut came before there was one."""

    def connect(self) -> None:
        self._belong_to_the_call()
        super().connect()  # type: ignore[misc]
        self.call.check()

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._belong_to_the_call()
        self.call.check()
        super().request(*args, **kwargs)  # type: ignore[misc]

    def _belong_to_the_call(self) -> None:
        self.call: Call = _worker.call
        self.call.connection = self


class _CuttableHTTP(_Cuttable, HTTPConnection):
    pass


class _CuttableHTTPS(_Cuttable, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _CuttableHTTP


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _CuttableHTTPS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None at all. ``allow_redirects=False`` alone still reads the whole body and parses the address."""


class Transport:
    """Answers of one host as bytes.

    ``deadline`` is wall-clock seconds for a whole call, ``concurrency`` how many may be in flight; more wait
    only as long as WeChat answers (see ``Slots``).
    """

    def __init__(
        self, base_url: str, *, deadline: float = 5.0, concurrency: int = 6, ca_bundle: str | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self.seconds = deadline
        self._slots = Slots(concurrency, patience=deadline / 5)
        self._workers = ThreadPoolExecutor(concurrency, thread_name_prefix="wxlogin-wechat")
        self._http = _http(concurrency, ca_bundle)

    def deadline(self) -> float:
        """When a call that starts now has to be over, by ``time.monotonic``."""
        return time.monotonic() + self.seconds

    def ask(
        self, path: str, params: Mapping[str, str], *, until: float, body: Mapping[str, Any] | None = None
    ) -> bytes:
        """The body of a 200 answer, to a GET, or to a POST of ``body`` as JSON.

        Raises a ``WeChatError`` by ``until`` at the latest.
        """
        slot = self._slots.take(until=until)
        if slot is None:
            raise TooManyInFlight(path, "too many calls in flight")
        call = Call(until)
        future = self._workers.submit(self._in_slot, slot, call, path, params, body)
        try:
            outcome = future.result(timeout=max(0.0, call.remaining))
        except TimeoutError:
            call.cut()
            outcome = WeChatTimeout(path)
        if isinstance(outcome, WeChatError):
            raise outcome
        return outcome

    def _in_slot(
        self, slot: float, call: Call, path: str, params: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> bytes | WeChatError:
        """Runs in a worker, which holds the slot until it is really done, whoever still waits for it."""
        _worker.call = call
        try:
            return self._fetch(call, path, params, body)
        finally:
            self._slots.give_back(slot)

    def _fetch(
        self, call: Call, path: str, params: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> bytes | WeChatError:
        """Errors come back as values, so that none drags the exception, whose text and request quote the
        URL, along as its context."""
        try:
            with self._http.request(
                "GET" if body is None else "POST",
                self._base_url + path,
                params=dict(params),
                json=body,
                timeout=max(0.001, call.remaining),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _body(call, path, response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
            return _failure(call, path, exc)


def _http(concurrency: int, ca_bundle: str | None) -> requests.Session:
    http = _Session()
    http.trust_env = False  # a proxy from the environment would be handed the secret
    http.verify = ca_bundle or True
    http.headers = {"User-Agent": "wxlogin", "Accept-Encoding": "identity"}  # no decompression, no bombs
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        http.mount(scheme, _Adapter(pool_connections=1, pool_maxsize=concurrency))
    return http


def _body(call: Call, path: str, response: requests.Response) -> bytes | WeChatError:
    if response.status_code != 200:
        return BadResponse(path, f"HTTP {response.status_code}")
    body = b""
    while chunk := response.raw.read1(CHUNK):
        body += chunk
        if len(body) > MAX_BODY:
            return BadResponse(path, "too large")
        if call.remaining <= 0:
            return WeChatTimeout(path)
    return body


def _failure(call: Call, path: str, exc: Exception) -> WeChatError:
    if call.remaining <= 0 or isinstance(exc, requests.Timeout | SocketTimeout | TimeoutError):
        return WeChatTimeout(path)
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    if isinstance(reason, NewConnectionError):
        return NotSent(path, "no connection")
    return WeChatUnavailable(path, type(exc).__name__)
