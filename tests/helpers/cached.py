"""Everything that wxlogin keeps in the cache, used through the API."""

import ipaddress
import logging
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Api
from tests.helpers import breaker
from wxlogin import gateway

TOKEN = "/cgi-bin/stable_token"  # noqa: S105  a path


def new_address() -> str:
    return str(ipaddress.ip_address(0x0A000000 + secrets.randbelow(2**24)))


def log_in_from(api: Api, address: str) -> Any:
    code = api.wechat.code_for("o-alice")
    return api.post("login/", {"code": code}, access="", REMOTE_ADDR=address)


def count_logins(api: Api, times: int) -> list[int]:
    """Log in from one new address, and return the statuses. A 429 must say how long to wait."""
    address = new_address()
    answers = [log_in_from(api, address) for _ in range(times)]
    waits = [int(answer["Retry-After"]) for answer in answers if answer.status_code == 429]
    assert all(1 <= seconds <= 60 for seconds in waits), waits
    return [answer.status_code for answer in answers]


def bind_phones(api: Api, times: int) -> int:
    """Bind a phone by its code, again and again, and return how many access_tokens WeChat was asked for."""
    api.wechat.person("o-alice", phone="+86 13800138000")
    alice = Api(api.wechat, log_in_from(api, new_address()).json(), api.client)
    for _ in range(times):
        code = api.wechat.phone_code_for("o-alice")
        answer = alice.post("phone/", {"code": code}, REMOTE_ADDR=new_address())
        assert answer.status_code == 200, answer.content
    return sum(call.path == TOKEN for call in api.wechat.calls)


def reported_breaker() -> tuple[str, str, float] | None:
    """Report an open breaker as another process does, and return what this process reads."""
    breaker.report("open")
    opened = gateway.open_breaker()
    breaker.report("closed")
    assert gateway.open_breaker() is None
    return (opened.path, opened.state, opened.since) if opened else None


def assert_everything_works(
    api: Api, configure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """Fail unless the project's cache takes all that wxlogin stores, and no call to it fails."""
    configure(LOGIN_RATE="3/min")
    with caplog.at_level(logging.WARNING, logger="wxlogin"):
        assert count_logins(api, 5) == [200, 200, 200, 429, 429]
        assert bind_phones(api, 3) == 1
        assert reported_breaker() == (breaker.PATH, "open", breaker.SINCE)
    assert "cache" not in caplog.text
