"""A body whose ``Content-Length`` is over the limit is refused before its first byte has come."""

import json
import select
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.conftest import Api

# Seconds. A server that waits for the body would wait for ever.
AT_ONCE = 5
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
XML = {"Content-Type": "text/xml"}

Send = Callable[[str, dict[str, str]], tuple[int, dict[str, Any]]]


@pytest.fixture
def send_headers(live_server: Any, configure: Callable[..., None], address: str) -> Send:
    """Return a function that sends headers and no body, and returns the answer's status and body."""
    configure(TRUSTED_PROXIES=1)

    def send(path: str, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        thread = live_server.thread
        with closing(HTTPConnection(thread.host, thread.port, timeout=AT_ONCE)) as http:
            http.putrequest("POST", f"/api/wechat/{path}")
            for name, value in {**headers, "X-Forwarded-For": address}.items():
                http.putheader(name, value)
            http.endheaders()
            answer = http.getresponse()
            return answer.status, json.loads(answer.read())

    return send


@pytest.mark.parametrize("length", ["65537", "1000000000000"])
def test_json(send_headers: Send, length: str) -> None:
    status, body = send_headers("login/", {**JSON, "Content-Length": length})

    assert (status, body["code"]) == (413, "too_large")


def test_the_form_of_an_avatar(send_headers: Send, alice: Api) -> None:
    token = {"Authorization": f"Bearer {alice.tokens['access']}"}

    status, body = send_headers("me/avatar/", {**FORM, **token, "Content-Length": "2097153"})

    assert (status, body["code"]) == (413, "too_large")


def test_a_push(send_headers: Send) -> None:
    status, body = send_headers("events/wx1/", {**XML, "Content-Length": "65537"})

    assert (status, body["code"]) == (413, "too_large")


def test_a_body_without_a_length_counts_as_empty(send_headers: Send) -> None:
    status, body = send_headers("login/", {**JSON, "Transfer-Encoding": "chunked"})

    assert (status, list(body["fields"])) == (400, ["code"])


@pytest.mark.parametrize(("proxies", "is_early"), [(0, True), (1, False)])
def test_behind_a_proxy_any_other_refusal_comes_after_the_body(
    live_server: Any, configure: Callable[..., None], address: str, proxies: int, is_early: bool
) -> None:
    configure(TRUSTED_PROXIES=proxies)
    length = 2 * 1024 * 1024
    headers = {**FORM, "Content-Length": str(length), "Connection": "close", "X-Forwarded-For": address}
    with closing(HTTPConnection(live_server.thread.host, live_server.thread.port, timeout=AT_ONCE)) as http:
        http.putrequest("POST", "/api/wechat/me/avatar/")
        for name, value in headers.items():
            http.putheader(name, value)
        http.endheaders()
        answered = bool(select.select([http.sock], [], [], AT_ONCE if is_early else 0.3)[0])
        if not is_early:
            http.send(b" " * length)
        answer = http.getresponse()
        body = json.loads(answer.read())

    assert answered is is_early
    assert (answer.status, body["code"]) == (401, "token_invalid")
