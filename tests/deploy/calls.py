"""Calls of the API over TLS, with what ``requests`` would not send."""

import json
import ssl
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPSConnection
from typing import Any

from .servers import READY, Site

# Seconds in which every answer has to come.
BOUND = 5


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


def call(
    site: Site,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    source: str = "127.0.0.1",
) -> Answer:
    """Send one request from the address ``source``. Without ``body``, nothing follows the headers."""
    context = ssl.create_default_context(cafile=site.certificate)
    http = HTTPSConnection(
        "127.0.0.1", site.https_port, timeout=BOUND, source_address=(source, 0), context=context
    )
    with closing(http):
        http.putrequest(method, path)
        for name, value in (headers or {}).items():
            http.putheader(name, value)
        if body is not None:
            http.putheader("Content-Length", str(len(body)))
        http.endheaders(body)
        answer = http.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode())


def wait_for_answers(site: Site) -> None:
    """Wait until gunicorn answers. Its socket is there before a worker has imported the project."""
    until = time.monotonic() + READY
    while time.monotonic() < until:
        with suppress(TimeoutError):
            if call(site, "GET", "/api/wechat/me/").status == 401:
                return
        time.sleep(0.1)
    raise AssertionError("no answer")
