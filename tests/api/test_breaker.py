"""A WeChat that hangs: after some time-outs logins are refused at once, and everything else goes on."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Api
from wxlogin import gateway
from wxlogin.models import LoginFailure

LOGIN, PHONE = "/sns/jscode2session", "/wxa/business/getuserphonenumber"


@pytest.fixture(autouse=True)
def breaker(configure: Callable[..., None], api: Api) -> Iterator[None]:
    """Let the breaker open after two time-outs, for a second, and close it in the end."""
    configure(BREAKER_FAILURES=2, BREAKER_PAUSE=1, UPSTREAM_DEADLINE=0.8)
    gateway._transport.cache_clear()
    yield
    api.wechat.reset()
    wait_until(lambda: not is_reported())


def wait_until(condition: Callable[[], bool], within: float = 5) -> None:
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def is_reported() -> bool:
    return gateway.open_breaker() is not None


def answer_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


def open_the_breaker(api: Api) -> None:
    api.wechat.fault(LOGIN, delay=30)
    assert [answer_of(api.send_code()) for _ in range(2)] == [(504, "wechat_timeout")] * 2
    wait_until(is_reported)


def test_logins_are_refused_at_once_while_everything_else_goes_on(api: Api) -> None:
    alice = api.log_in()
    open_the_breaker(api)
    asked, before = len(api.wechat.calls), time.monotonic()

    answer = api.send_code()

    assert answer_of(answer) == (503, "wechat_unavailable")
    assert answer["Retry-After"] == "1"
    assert time.monotonic() - before < 0.3
    assert len(api.wechat.calls) == asked
    assert alice.get("me/").status_code == 200
    assert alice.refresh().status_code == 200
    assert LoginFailure.objects.filter(code="wechat_unavailable").count() == 1


def test_the_code_of_a_refused_login_is_still_good(api: Api) -> None:
    open_the_breaker(api)
    code = api.wechat.code_for("o-alice")
    refused = api.send_code(code)
    api.wechat.fault(LOGIN, times=0)

    wait_until(lambda: not is_reported())

    assert refused.status_code == 503
    assert api.send_code(code).status_code == 200


def test_retry_after_is_what_is_left_of_the_pause(api: Api, configure: Callable[..., None]) -> None:
    configure(BREAKER_PAUSE=3)
    open_the_breaker(api)

    assert api.send_code()["Retry-After"] in {"2", "3"}


def test_the_first_login_succeeds_within_a_second_of_healing(api: Api) -> None:
    open_the_breaker(api)
    time.sleep(1.3)
    codes = [api.wechat.code_for("o-alice") for _ in range(100)]
    api.wechat.fault(LOGIN, times=0)
    healed = time.monotonic()

    while api.send_code(codes.pop()).status_code != 200:
        time.sleep(0.02)

    assert time.monotonic() - healed < 1


def test_phones_that_hang_cost_no_login(api: Api) -> None:
    alice = api.log_in()
    api.wechat.fault(PHONE, delay=30)

    phones = [answer_of(alice.post("phone/", {"code": "any"})) for _ in range(3)]

    wait_until(is_reported)
    assert phones == [(504, "wechat_timeout")] * 2 + [(503, "wechat_unavailable")]
    assert api.send_code().status_code == 200
    api.wechat.fault(PHONE, times=0)
    wait_until(lambda: not is_reported())


@pytest.mark.parametrize("errcode", [40029, 40125, 45011, -1])
def test_an_errcode_is_an_answer(api: Api, errcode: int) -> None:
    api.wechat.fault(LOGIN, errcode=errcode)
    for _ in range(4):
        api.send_code()
    api.wechat.fault(LOGIN, times=0)

    assert api.send_code().status_code == 200


def test_without_a_breaker_every_login_asks_wechat(api: Api, configure: Callable[..., None]) -> None:
    configure(BREAKER_FAILURES=0, UPSTREAM_DEADLINE=0.1)
    api.wechat.fault(LOGIN, delay=30)

    assert [api.send_code().status_code for _ in range(7)] == [504] * 7


def test_a_probe_says_nothing_about_the_app(api: Api) -> None:
    open_the_breaker(api)
    asked = len(api.wechat.calls)
    api.wechat.fault(LOGIN, times=0)

    wait_until(lambda: not is_reported())

    assert [(call.method, call.path, call.query) for call in api.wechat.calls[asked:]] == [("GET", LOGIN, {})]


def test_other_processes_see_that_the_breaker_is_open(api: Api) -> None:
    open_the_breaker(api)

    opened = gateway.open_breaker()

    assert opened is not None
    assert (opened.path, opened.state, opened.failures) == (LOGIN, "open", 2)
    assert abs(opened.since - time.time()) < 5


def test_what_another_version_reported_is_ignored(api: Api) -> None:
    gateway.shared_cache.set(gateway.OPEN_BREAKER, '{"route": "/"}', 1)

    assert gateway.open_breaker() is None
