"""Connections to WeChat that a caller can cut, and whose URLs are logged without their secrets."""

import logging
import re
import socket
import threading
import time
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

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
worker = threading.local()


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
        self.call: UpstreamCall = worker.call
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


def make_session(connections: int, ca_bundle: str | None) -> requests.Session:
    """Return a session that keeps up to ``connections`` idle connections to its host."""
    http = _Session()
    # A proxy from the environment would see the secret.
    http.trust_env = False
    http.verify = ca_bundle or True
    # Without compression, a small answer can't grow large here.
    http.headers = {"User-Agent": "wxlogin", "Accept-Encoding": "identity"}
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        http.mount(scheme, _Adapter(pool_connections=1, pool_maxsize=connections))
    return http
