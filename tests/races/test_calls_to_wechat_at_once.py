"""Many calls to WeChat at the same moment, when WeChat is slow."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.helpers.simultaneous import at_once
from tests.settings import APPID
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import SessionKey

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_burst_beyond_the_calls_in_flight_waits_its_turn(
    post: Callable[..., requests.Response], wechat: FakeWeChat, settings: Any
) -> None:
    settings.WXLOGIN = {**settings.WXLOGIN, "UPSTREAM_CONCURRENCY": 2}
    wechat.fault(delay=0.02)
    codes = [wechat.code_for(f"o-{number}") for number in range(12)]

    answers = at_once(12, lambda n: post("login/", {"code": codes[n]}))

    assert [answer.status_code for answer in answers] == [200] * 12


@pytest.mark.parametrize("count", [24, 48])
def test_a_slow_healthy_wechat_costs_no_login(
    post: Callable[..., requests.Response], wechat: FakeWeChat, configure: Callable[..., None], count: int
) -> None:
    """One process with eight threads gets all connections of the burst, as an uneven balancer may deal them."""
    configure(UPSTREAM_DEADLINE=2.0)
    post("login/", {"code": wechat.code_for("o-alice")})
    wechat.fault(delay=0.45)
    codes = [wechat.code_for(f"o-{number}") for number in range(count)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda code: post("login/", {"code": code}), codes))

    assert [answer.status_code for answer in answers] == [200] * count


def test_phones_that_hang_cost_no_login(
    post: Callable[..., requests.Response], wechat: FakeWeChat, configure: Callable[..., None]
) -> None:
    configure(UPSTREAM_DEADLINE=1.0, UPSTREAM_CONCURRENCY=2)
    people = [post("login/", {"code": wechat.code_for(f"o-{number}")}).json() for number in range(4)]
    wechat.fault("/wxa/business/getuserphonenumber", delay=30)
    codes = [wechat.code_for(f"o-{number}") for number in range(8)]

    def act(number: int) -> int:
        if number < 4:
            return post("phone/", {"code": "any"}, access=people[number]["access"]).status_code
        return post("login/", {"code": codes[number - 4]}).status_code

    statuses = at_once(12, act)

    assert set(statuses[:4]) <= {503, 504}
    assert statuses[4:] == [200] * 8


def test_a_slow_answer_to_an_older_code_does_not_bring_its_session_key_back(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    post("login/", {"code": wechat.code_for("o-alice")})
    older, newer = wechat.code_for("o-alice"), wechat.code_for("o-alice")
    wechat.fault(delay=1.0, times=1)

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post, "login/", {"code": older})
        # The slow call is on its way now.
        time.sleep(0.4)
        quick = post("login/", {"code": newer})
        stored = SessionKey.objects.get().unseal().reveal()
        answers = slow.result(), quick

    assert [answer.status_code for answer in answers] == [200, 200]
    assert stored == wechat.session_key_of("o-alice", APPID)
    assert SessionKey.objects.get().unseal().reveal() == stored


def test_a_hanging_wechat_takes_no_more_calls_than_allowed(
    post: Callable[..., requests.Response], wechat: FakeWeChat, settings: Any
) -> None:
    tokens = post("login/", {"code": wechat.code_for("o-alice")}).json()
    settings.WXLOGIN = {**settings.WXLOGIN, "UPSTREAM_CONCURRENCY": 2, "UPSTREAM_DEADLINE": 1.0}
    wechat.fault(delay=30)

    def act(number: int) -> tuple[int, str]:
        if number == 0:
            return post("token/refresh/", {"refresh": tokens["refresh"]}).status_code, "refresh"
        answer = post("login/", {"code": f"c{number}"})
        return answer.status_code, answer.json()["code"]

    answers = at_once(8, act)

    assert answers[0] == (200, "refresh")
    assert sorted(answers[1:]) == [(503, "wechat_unavailable")] * 5 + [(504, "wechat_timeout")] * 2
