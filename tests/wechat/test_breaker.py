"""The breaker, with a client and the fake WeChat."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.wechat.breakers import LOGIN, PHONE, SHORT, outcomes, phone_outcome, state_of, wait_until_closed
from tests.wechat.conftest import MakeClient, MakePeer, outcome_of
from tests.wechat.slow_peers import SLOW
from wxlogin.fakewechat import FakeWeChat
from wxlogin.secret import Secret
from wxlogin.wechat.client import WeChatClient
from wxlogin.wechat.errors import (
    BreakerOpen,
    NotSent,
    SystemBusy,
    TooManyInFlight,
    WeChatTimeout,
    WeChatUnavailable,
)


def test_after_time_outs_in_a_row_calls_are_refused_at_once(
    wechat: FakeWeChat, hanging: WeChatClient
) -> None:
    asked, before = len(wechat.calls), time.monotonic()

    with pytest.raises(BreakerOpen) as caught:
        hanging.code2session(Secret("any"))

    assert time.monotonic() - before < 0.1
    assert len(wechat.calls) == asked
    assert isinstance(caught.value, WeChatUnavailable)
    assert (caught.value.code, caught.value.retry_after) == ("wechat_unavailable", 1)
    assert caught.value.__context__ is None


def test_retry_after_is_what_is_left_of_the_pause(wechat: FakeWeChat, make_client: MakeClient) -> None:
    client = make_client(wechat.url, **{**SHORT, "breaker_pause": 60})
    wechat.fault(LOGIN, delay=30)
    outcomes(client, 3)

    with pytest.raises(BreakerOpen) as caught:
        client.code2session(Secret("any"))

    assert 55 < caught.value.retry_after <= 60


def test_calls_are_refused_for_the_whole_pause_and_served_soon_after(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    client = make_client(wechat.url, **{**SHORT, "breaker_pause": 1.2})
    wechat.fault(LOGIN, delay=30, times=3)
    outcomes(client, 3)
    opened = time.monotonic()

    while outcome_of(client) is BreakerOpen:
        assert time.monotonic() - opened < 3
        time.sleep(0.01)

    assert time.monotonic() - opened > 1.1
    assert state_of(client).failures == 0


@pytest.mark.parametrize("fault", [{"errcode": 40029}, {"errcode": -1}, {"status": 500}, {"body": "<html>"}])
def test_an_answer_of_any_kind_is_no_failure(
    wechat: FakeWeChat, make_client: MakeClient, fault: dict[str, Any]
) -> None:
    client = make_client(wechat.url, deadline=1.0, breaker_failures=2)
    wechat.fault(LOGIN, **fault)

    kinds = outcomes(client, 4)

    assert BreakerOpen not in kinds
    assert state_of(client).failures == 0


def test_an_answer_in_between_begins_the_count_anew(wechat: FakeWeChat, make_client: MakeClient) -> None:
    client = make_client(wechat.url, **SHORT)

    for _ in range(3):
        wechat.fault(LOGIN, delay=30, times=2)
        assert outcomes(client, 3)[:2] == [WeChatTimeout] * 2

    assert state_of(client).name == "closed"


@pytest.mark.parametrize("behave", SLOW)
def test_a_call_that_is_cut_at_the_deadline_is_no_answer(
    make_peer: MakePeer, make_client: MakeClient, behave: Any
) -> None:
    client = make_client(make_peer(behave).url, **SHORT)

    assert outcomes(client, 4) == [WeChatTimeout] * 3 + [BreakerOpen]


def test_a_call_that_never_connects_counts_once_with_its_retry(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    client = make_client(wechat.url, deadline=1.0, breaker_failures=2, breaker_pause=0)
    wechat.stop()

    kinds = outcomes(client, 3)

    assert kinds == [NotSent, NotSent, BreakerOpen]
    wechat.start()
    wait_until_closed(client)


def test_a_time_out_after_a_busy_answer_counts_once(wechat: FakeWeChat, make_client: MakeClient) -> None:
    client = make_client(wechat.url, **{**SHORT, "deadline": 0.5})
    wechat.fault(LOGIN, delay=30, times=1)
    wechat.fault(LOGIN, errcode=-1, times=1)

    assert outcome_of(client) in {WeChatTimeout, SystemBusy}
    assert state_of(client).failures == 1


def test_a_reset_connection_is_neither_an_answer_nor_a_failure(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    client = make_client(wechat.url, **SHORT)
    wechat.fault(LOGIN, reset=True)
    outcomes(client, 1)
    wechat.fault(LOGIN, delay=30, times=1)
    outcomes(client, 1)

    outcomes(client, 3)

    assert state_of(client).failures == 1


def test_too_many_calls_in_flight_are_no_failure(wechat: FakeWeChat, make_client: MakeClient) -> None:
    client = make_client(wechat.url, **{**SHORT, "concurrency": 1, "deadline": 1.0})
    wechat.fault(LOGIN, delay=30)

    with ThreadPoolExecutor(4) as pool:
        kinds = list(pool.map(lambda _: outcome_of(client), range(4)))

    assert sorted(kinds, key=str) == [TooManyInFlight] * 3 + [WeChatTimeout]
    assert state_of(client).failures == 1


def test_a_call_with_little_time_left_is_no_failure(wechat: FakeWeChat, make_client: MakeClient) -> None:
    client = make_client(wechat.url, deadline=1.0, breaker_failures=1)
    wechat.fault(PHONE, delay=30)

    with pytest.raises(WeChatTimeout):
        client.phone_number(Secret("any"), "o-alice", until=time.monotonic() + 0.2)

    assert state_of(client, PHONE).failures == 0


def test_a_call_from_before_the_breaker_closed_is_no_failure_after_it(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    client = make_client(wechat.url, deadline=0.6, breaker_failures=2, breaker_pause=60)
    wechat.fault(LOGIN, delay=30)

    with ThreadPoolExecutor(4) as pool:
        early = [pool.submit(outcome_of, client) for _ in range(2)]
        time.sleep(0.3)
        late = [pool.submit(outcome_of, client) for _ in range(2)]
        assert [call.result() for call in early] == [WeChatTimeout] * 2
        assert state_of(client).name == "open"
        client._transport._endpoint(LOGIN).breaker.count_answer()

    assert [call.result() for call in late] == [WeChatTimeout] * 2
    assert state_of(client).failures == 0
    assert outcomes(client, 3) == [WeChatTimeout] * 2 + [BreakerOpen]


def test_one_path_that_hangs_stops_no_other(wechat: FakeWeChat, make_client: MakeClient) -> None:
    client = make_client(wechat.url, **{**SHORT, "breaker_pause": 60})
    wechat.fault(PHONE, delay=30)

    kinds = []
    for _ in range(4):
        kinds.append(phone_outcome(client))
        assert client.code2session(Secret(wechat.code_for("o-alice"))).openid == "o-alice"

    assert kinds == [WeChatTimeout] * 3 + [BreakerOpen]
    assert state_of(client).name == "closed"


def test_a_hanging_access_token_is_not_counted_for_the_path_that_needs_it(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    client = make_client(wechat.url, **{**SHORT, "breaker_pause": 60})
    wechat.fault("/cgi-bin/stable_token", delay=30)

    kinds = [phone_outcome(client) for _ in range(4)]

    assert kinds == [WeChatTimeout] * 3 + [BreakerOpen]
    assert state_of(client, PHONE).failures == 0
    assert state_of(client, "/cgi-bin/stable_token").name == "open"


def test_without_failures_allowed_there_is_no_breaker(wechat: FakeWeChat, make_client: MakeClient) -> None:
    client = make_client(wechat.url, deadline=0.1, breaker_failures=0)
    wechat.fault(LOGIN, delay=30)

    assert outcomes(client, 8) == [WeChatTimeout] * 8
