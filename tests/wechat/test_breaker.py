"""The breaker, with a client and the fake WeChat."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.wechat.conftest import SECRET, MakeClient, MakePeer, outcome_of
from tests.wechat.peer import answer
from tests.wechat.slow_peers import drips_its_headers
from wxlogin.fakewechat import FakeWeChat
from wxlogin.wechat.client import WeChatClient
from wxlogin.wechat.errors import (
    BreakerOpen,
    NotSent,
    SystemBusy,
    TooManyInFlight,
    WeChatTimeout,
    WeChatUnavailable,
)

LOGIN, PHONE = "/sns/jscode2session", "/wxa/business/getuserphonenumber"
SHORT = {"deadline": 0.2, "breaker_failures": 3, "breaker_pause": 0.6}


@pytest.fixture
def hanging(wechat: FakeWeChat, make_client: MakeClient) -> WeChatClient:
    """A client whose breaker is open because logins hang."""
    client = make_client(wechat.url, **SHORT)
    wechat.fault(LOGIN, delay=30)
    assert outcomes(client, 3) == [WeChatTimeout] * 3
    return client


def outcomes(client: WeChatClient, count: int) -> list[Any]:
    return [outcome_of(client) for _ in range(count)]


def state_of(client: WeChatClient, path: str = LOGIN) -> Any:
    return client._transport._endpoint(path).breaker.state


def wait_until_closed(client: WeChatClient, within: float = 3) -> None:
    until = time.monotonic() + within
    while state_of(client).name != "closed":
        assert time.monotonic() < until, "it stays open"
        time.sleep(0.01)


def test_after_time_outs_in_a_row_calls_are_refused_at_once(
    wechat: FakeWeChat, hanging: WeChatClient
) -> None:
    asked, before = len(wechat.calls), time.monotonic()

    with pytest.raises(BreakerOpen) as caught:
        hanging.code2session("any")

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
        client.code2session("any")

    assert 55 < caught.value.retry_after <= 60


def test_calls_are_refused_for_the_whole_pause_and_served_soon_after(
    wechat: FakeWeChat, hanging: WeChatClient
) -> None:
    opened = time.monotonic()
    wechat.fault(LOGIN, times=0)
    states = set()

    while outcome_of(hanging) is BreakerOpen:
        states.add(state_of(hanging).name)
        assert time.monotonic() - opened < 3
        time.sleep(0.01)

    assert time.monotonic() - opened > 0.5
    assert "open" in states
    assert state_of(hanging).failures == 0


def test_a_probe_holds_nothing_secret_and_no_code(wechat: FakeWeChat, hanging: WeChatClient) -> None:
    asked = len(wechat.calls)
    wechat.fault(LOGIN, times=0)

    wait_until_closed(hanging)

    probes = wechat.calls[asked:]
    assert probes
    assert all((call.method, call.path, call.query) == ("GET", LOGIN, {}) for call in probes)


def test_a_probe_sends_nothing_but_its_path(make_peer: MakePeer, make_client: MakeClient) -> None:
    peer = make_peer(lambda visit: visit.read_request() and visit.wait())
    client = make_client(peer.url, **SHORT)
    outcomes(client, 3)
    peer.behave = lambda visit: visit.read_request() and visit.send(answer({"errcode": 41002}))

    wait_until_closed(client)

    assert peer.requests[-1].startswith(f"GET {LOGIN} HTTP/1.1\r\n".encode())
    assert SECRET.encode() not in peer.requests[-1]


def test_while_wechat_hangs_it_is_probed_without_an_end_and_within_a_bound(
    wechat: FakeWeChat, hanging: WeChatClient
) -> None:
    time.sleep(2.2)

    assert state_of(hanging).name == "probing"
    assert 2 <= len(wechat.calls) - 3 <= 5
    assert len(probing_threads()) <= 3


def test_a_closed_breaker_runs_nothing(wechat: FakeWeChat, hanging: WeChatClient) -> None:
    wechat.fault(LOGIN, times=0)
    wait_until_closed(hanging)

    for thread in probing_threads():
        thread.join(2)

    assert not probing_threads()


def test_a_peer_that_drips_holds_no_probe_for_longer_than_the_deadline(
    make_peer: MakePeer, make_client: MakeClient
) -> None:
    client = make_client(make_peer(drips_its_headers).url, **{**SHORT, "breaker_pause": 0})
    outcomes(client, 3)

    time.sleep(2.5)

    assert len(probing_threads()) <= 3


def test_an_answer_that_is_as_slow_as_the_deadline_allows_closes_the_breaker(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    client = make_client(wechat.url, **{**SHORT, "deadline": 1.0, "breaker_failures": 1})
    wechat.fault(LOGIN, delay=30, times=1)
    outcomes(client, 1)
    wechat.fault(LOGIN, delay=0.8)

    wait_until_closed(client)

    assert client.code2session(wechat.code_for("o-alice")).openid == "o-alice"


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
        client.phone_number("any", "o-alice", until=time.monotonic() + 0.2)

    assert state_of(client, PHONE).failures == 0


def test_one_path_that_hangs_stops_no_other(wechat: FakeWeChat, make_client: MakeClient) -> None:
    client = make_client(wechat.url, **{**SHORT, "breaker_pause": 60})
    wechat.fault(PHONE, delay=30)

    kinds = []
    for _ in range(4):
        kinds.append(phone_outcome(client))
        assert client.code2session(wechat.code_for("o-alice")).openid == "o-alice"

    assert kinds == [WeChatTimeout] * 3 + [BreakerOpen]
    assert state_of(client).name == "closed"


def phone_outcome(client: WeChatClient) -> Any:
    try:
        return client.phone_number("any", "o-alice")
    except (WeChatTimeout, WeChatUnavailable) as exc:
        return type(exc)


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


def test_the_state_is_reported_while_it_is_open_and_when_it_has_closed(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    reports: list[tuple[str, str]] = []
    client = make_client(wechat.url, **SHORT, report=lambda path, state: reports.append((path, state.name)))
    wechat.fault(LOGIN, delay=30)
    outcomes(client, 3)
    wechat.fault(LOGIN, times=0)
    wait_until_closed(client)
    until = time.monotonic() + 2
    while reports[-1] != (LOGIN, "closed"):
        assert time.monotonic() < until
        time.sleep(0.01)

    assert reports[0] == (LOGIN, "open")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_if_the_probes_fail_the_breaker_closes(wechat: FakeWeChat, make_client: MakeClient) -> None:
    def fail(path: str, state: Any) -> None:
        raise ZeroDivisionError

    client = make_client(wechat.url, **{**SHORT, "breaker_pause": 60}, report=fail)
    wechat.fault(LOGIN, delay=30)
    outcomes(client, 3)

    wait_until_closed(client)
    for thread in probing_threads():
        thread.join(2)


def probing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("wxlogin-probe")]
