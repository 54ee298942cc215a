"""HTTP to one WeChat host, with pooled connections and limits on time, size and concurrency.

The timeouts of ``requests`` limit each socket operation, not the whole call: a peer that sends a byte now and
then can hold a call for ever, and name resolution has no timeout at all. So each call runs in a worker thread.
The caller waits for it until the deadline and then closes the worker's connection, which ends the worker's wait
too.
"""

import time
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import HTTPError, NewConnectionError, TimeoutError as SocketTimeout

from wxlogin.secret import Secret

from .connections import UpstreamCall, make_session, worker
from .endpoint import Endpoint, Limits, Outcome, Report
from .errors import BadResponse, NotSent, WeChatError, WeChatTimeout, WeChatUnavailable

# Bytes.
MAX_BODY = 64 * 1024
CHUNK = 8 * 1024
# The number of paths that may be busy at the same time without closing connections that could be kept.
BUSY_PATHS = 8
# What a peer and the network can bring about.
FORESEEN = (requests.RequestException, HTTPError, OSError, ValueError)


class Transport:
    """The connections to one host, and the endpoints that its paths are.

    ``limits`` apply to each path: see ``Limits``. ``ca_bundle`` is the path of a file with CA certificates, None for
    those that ``requests`` ships. ``report`` gets the path and the state of a breaker that is open or has closed.
    """

    def __init__(
        self,
        base_url: str,
        limits: Limits,
        *,
        ca_bundle: str | None = None,
        report: Report = lambda path, state: None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._limits = limits
        self._report = report
        self.seconds = limits.deadline
        self._http = make_session(limits.concurrency * BUSY_PATHS, ca_bundle)
        self._endpoints: dict[str, Endpoint] = {}
        # The Date header of the latest answer, and this machine's time when it came.
        self._date, self._date_read_at = "", 0.0

    @property
    def seconds_ahead(self) -> float | None:
        """The seconds that WeChat's clock was ahead of this machine's at the latest answer. None if no answer told."""
        try:
            told = parsedate_to_datetime(self._date).timestamp()
        except ValueError:
            return None
        # The header drops the fraction of the second.
        return told + 0.5 - self._date_read_at

    def deadline(self) -> float:
        """Return the deadline of a call that starts now, by ``time.monotonic``."""
        return time.monotonic() + self.seconds

    def guard(self, path: str) -> AbstractContextManager[None]:
        """Return a context for one call of ``path`` with all its attempts. Raises ``BreakerOpen``."""
        return self._endpoint(path).guard()

    def ask(
        self, path: str, params: Mapping[str, Any], *, until: float, body: Mapping[str, Any] | None = None
    ) -> Secret[bytes]:
        """Send a GET, or a POST with ``body`` as JSON, and return the body of the 200 answer.

        ``until`` is the deadline by ``time.monotonic``. Raises ``WeChatError``, at ``until`` at the latest.
        """
        outcome = self._endpoint(path).ask(lambda call: self._fetch(call, path, params, body), until)
        if isinstance(outcome, WeChatError):
            raise outcome
        return outcome

    def _endpoint(self, path: str) -> Endpoint:
        if endpoint := self._endpoints.get(path):
            return endpoint
        made = Endpoint(path, self._limits, lambda call: self._fetch(call, path, {}, None), self._report)
        # Of two threads that make one at the same time, both use the first one.
        return self._endpoints.setdefault(path, made)

    def _fetch(
        self, call: UpstreamCall, path: str, params: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> Outcome:
        """Run the request in this thread and return its body or its error.

        An error of ``requests`` quotes the URL with the secrets in it, and so do the variables of the functions that
        raised it. So it is put away before anything else is done, and none of it gets into the error that is returned.
        """
        worker.call = call
        try:
            outcome = self._send(call, path, params, body)
        # ``_error_for`` raises the errors that nobody foresaw.
        except Exception as exc:  # noqa: BLE001
            failure = Secret(exc)
        else:
            # A connection that was cut at the deadline may look like a short answer.
            return outcome if call.remaining > 0 else WeChatTimeout(path)
        try:
            return _error_for(call, path, failure)
        finally:
            # Else this variable and the traceback would keep each other alive, and the connection open.
            del failure

    def _send(
        self, call: UpstreamCall, path: str, params: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> Outcome:
        with self._http.request(
            "GET" if body is None else "POST",
            self._base_url + path,
            params=_opened(params),
            json=None if body is None else _opened(body),
            timeout=max(0.001, call.remaining),
            allow_redirects=False,
            stream=True,
        ) as response:
            self._date, self._date_read_at = response.headers.get("Date", ""), time.time()
            return _read_body(call, path, response)


def _opened(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in fields.items()}


def _read_body(call: UpstreamCall, path: str, response: requests.Response) -> Outcome:
    if response.status_code != 200:
        return BadResponse(path, f"HTTP {response.status_code}")
    body = Secret(b"")
    while chunk := Secret(response.raw.read1(CHUNK)):
        body = Secret(body.reveal() + chunk.reveal())
        if len(body) > MAX_BODY:
            return BadResponse(path, "too large")
        if call.remaining <= 0:
            break
    return body


def _error_for(call: UpstreamCall, path: str, failure: Secret[Exception]) -> WeChatError:
    """Return the error that ``failure`` means. Raises ``RuntimeError`` for one that nobody foresaw."""
    if not isinstance(failure.reveal(), FORESEEN):
        raised_in = traceback.extract_tb(failure.reveal().__traceback__)[-1]
        kind = type(failure.reveal()).__name__
        raise RuntimeError(f"{kind} in {raised_in.filename}, line {raised_in.lineno}")
    if call.remaining <= 0 or isinstance(failure.reveal(), requests.Timeout | SocketTimeout | TimeoutError):
        return WeChatTimeout(path)
    reason = getattr(next(iter(failure.reveal().args), None), "reason", None)
    if isinstance(reason, NewConnectionError):
        return NotSent(path, "no connection")
    return WeChatUnavailable(path, type(failure.reveal()).__name__)
