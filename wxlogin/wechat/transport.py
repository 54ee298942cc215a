"""HTTP to one WeChat host, with pooled connections and limits on time, size and concurrency.

The timeouts of ``requests`` limit each socket operation, not the whole call: a peer that sends a byte now and
then can hold a call for ever, and name resolution has no timeout at all. So each call runs in a worker thread.
The caller waits for it until the deadline and then closes the worker's connection, which ends the worker's wait
too.
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

# Bytes.
MAX_BODY = 64 * 1024
CHUNK = 8 * 1024

SECRETS_IN_A_URL = re.compile(r"\b(secret|js_code|access_token|signature|openid)=[^&\s'\"]+")


class MaskSecrets(logging.Filter):
    """Mask secrets in the URLs that urllib3 logs.

    urllib3 logs every URL at DEBUG and some at WARNING, and WeChat expects the AppSecret in the URL.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        masked, found = SECRETS_IN_A_URL.subn(r"\1=***", record.getMessage())
        if found:
            record.msg, record.args = masked, None
        # A line with a traceback ("Failed to parse headers") quotes the answer too, so it is dropped.
        return not (found and record.exc_info)


for _name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(MaskSecrets())


class UpstreamCall:
    """A call in progress. ``until`` is its deadline by ``time.monotonic``."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.connection: HTTPConnection | None = None

    @property
    def remaining(self) -> float:
        return self.until - time.monotonic()

    def raise_if_over(self) -> None:
        """Raise ``TimeoutError`` after the deadline. A code sent then would be used up although nobody waits."""
        if self.remaining <= 0:
            raise TimeoutError

    def abort(self) -> None:
        """Shut the call's socket down, so that the worker's wait for it ends at once."""
        sock = getattr(self.connection, "sock", None)
        # The connection may be back in the pool and serve another call by now.
        if sock is not None and getattr(self.connection, "call", None) is self:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


# ``call`` is the call that this worker thread is running.
_worker = threading.local()


class _Abortable:
    """A connection that registers itself with the current call, so that the caller can shut it down.

    It also stops after the deadline: the caller may have given up before there was a connection to shut down.
    """

    def connect(self) -> None:
        self._register_with_call()
        super().connect()  # type: ignore[misc]
        self.call.raise_if_over()

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._register_with_call()
        self.call.raise_if_over()
        super().request(*args, **kwargs)  # type: ignore[misc]

    def _register_with_call(self) -> None:
        self.call: UpstreamCall = _worker.call
        self.call.connection = self


class _AbortableHTTP(_Abortable, HTTPConnection):
    pass


class _AbortableHTTPS(_Abortable, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _AbortableHTTP


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _AbortableHTTPS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: ignore redirects.

        With ``allow_redirects=False`` alone, ``requests`` would still read the whole body and parse the URL.
        """


class Transport:
    """The connections to one host, and the limits that all calls to it share.

    ``deadline`` is the number of seconds that a whole call may take. At most ``concurrency`` calls run at a time;
    further calls wait only as long as WeChat answers (see ``Slots``). ``ca_bundle`` is the path of a file with CA
    certificates, None for those that ``requests`` ships.
    """

    def __init__(
        self, base_url: str, *, deadline: float = 5.0, concurrency: int = 6, ca_bundle: str | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self.seconds = deadline
        self._slots = Slots(concurrency, patience=deadline / 5)
        self._workers = ThreadPoolExecutor(concurrency, thread_name_prefix="wxlogin-wechat")
        self._http = _make_session(concurrency, ca_bundle)

    def deadline(self) -> float:
        """Return the deadline of a call that starts now, by ``time.monotonic``."""
        return time.monotonic() + self.seconds

    def ask(
        self, path: str, params: Mapping[str, str], *, until: float, body: Mapping[str, Any] | None = None
    ) -> bytes:
        """Send a GET, or a POST with ``body`` as JSON, and return the body of the 200 answer.

        ``until`` is the deadline by ``time.monotonic``. Raises ``WeChatError``, at ``until`` at the latest.
        """
        slot = self._slots.take(until=until)
        if slot is None:
            raise TooManyInFlight(path, "too many calls in flight")
        call = UpstreamCall(until)
        future = self._workers.submit(self._run_in_slot, slot, call, path, params, body)
        try:
            outcome = future.result(timeout=max(0.0, call.remaining))
        except TimeoutError:
            call.abort()
            outcome = WeChatTimeout(path)
        if isinstance(outcome, WeChatError):
            raise outcome
        return outcome

    def _run_in_slot(
        self,
        slot: float,
        call: UpstreamCall,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
    ) -> bytes | WeChatError:
        """Run the call in a worker thread, and give its slot back when it has ended.

        The slot stays taken if the caller stops waiting, since the worker is still busy.
        """
        _worker.call = call
        try:
            return self._fetch(call, path, params, body)
        finally:
            self._slots.give_back(slot)

    def _fetch(
        self, call: UpstreamCall, path: str, params: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> bytes | WeChatError:
        """Run the request and return its body or its error.

        Errors are returned and not raised. A raised error would carry the exception of ``requests`` as its
        context, and that one quotes the URL with the secrets in it.
        """
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
                return _read_body(call, path, response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
            return _error_for(call, path, exc)


def _make_session(concurrency: int, ca_bundle: str | None) -> requests.Session:
    http = _Session()
    # A proxy from the environment would see the secret.
    http.trust_env = False
    http.verify = ca_bundle or True
    # Without compression, a small answer can't grow large here.
    http.headers = {"User-Agent": "wxlogin", "Accept-Encoding": "identity"}
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        http.mount(scheme, _Adapter(pool_connections=1, pool_maxsize=concurrency))
    return http


def _read_body(call: UpstreamCall, path: str, response: requests.Response) -> bytes | WeChatError:
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


def _error_for(call: UpstreamCall, path: str, exc: Exception) -> WeChatError:
    if call.remaining <= 0 or isinstance(exc, requests.Timeout | SocketTimeout | TimeoutError):
        return WeChatTimeout(path)
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    if isinstance(reason, NewConnectionError):
        return NotSent(path, "no connection")
    return WeChatUnavailable(path, type(exc).__name__)
