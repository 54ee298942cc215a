"""The probes of an open breaker."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.wechat.breakers import LOGIN, SHORT, outcomes, probing_threads, state_of, wait_until_closed
from tests.wechat.conftest import SECRET, MakeClient, MakePeer
from tests.wechat.peer import answer
from tests.wechat.slow_peers import drips_its_headers
from wxlogin.fakewechat import FakeWeChat
from wxlogin.secret import Secret
from wxlogin.wechat.breaker import Breaker, Opening
from wxlogin.wechat.client import WeChatClient


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

    assert state_of(client).name == "probing"
    assert len(probing_threads()) <= 3


def test_an_answer_that_is_as_slow_as_the_deadline_allows_closes_the_breaker(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    client = make_client(wechat.url, **{**SHORT, "deadline": 1.0, "breaker_failures": 1})
    wechat.fault(LOGIN, delay=30, times=1)
    outcomes(client, 1)
    wechat.fault(LOGIN, delay=0.8)

    wait_until_closed(client)

    assert client.code2session(Secret(wechat.code_for("o-alice"))).openid == "o-alice"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_if_the_probes_fail_the_breaker_closes() -> None:
    def fail(opening: Opening) -> None:
        raise ZeroDivisionError

    breaker = Breaker(LOGIN, 1, 60, fail)
    breaker.count_failure(time.monotonic())

    for thread in probing_threads():
        thread.join(2)

    assert breaker.state.name == "closed"


def test_a_report_that_hangs_delays_no_probe(wechat: FakeWeChat, make_client: MakeClient) -> None:
    healed, reports = threading.Event(), []
    client = make_client(
        wechat.url, **SHORT, report=lambda path, state: reports.append(state) or healed.wait(30)
    )
    wechat.fault(LOGIN, delay=30)
    outcomes(client, 3)
    wechat.fault(LOGIN, times=0)

    try:
        wait_until_closed(client)
        assert len(reports) == 1
    finally:
        healed.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_report_that_fails_stops_neither_probes_nor_later_reports(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    reports: list[str] = []

    def fail(path: str, state: Any) -> None:
        reports.append(state.name)
        raise ZeroDivisionError

    client = make_client(wechat.url, **SHORT, report=fail)
    wechat.fault(LOGIN, delay=30)
    outcomes(client, 3)
    wechat.fault(LOGIN, times=0)

    wait_until_closed(client)
    wait_until(lambda: reports[-1] == "closed")
    # The last report fails in this test, and not in the next one.
    for thread in threading.enumerate():
        if thread.name == "wxlogin-report":
            thread.join(2)

    assert reports[0] == "open"


def test_the_state_is_reported_while_it_is_open_and_when_it_has_closed(
    wechat: FakeWeChat, make_client: MakeClient
) -> None:
    reports: list[tuple[str, str]] = []
    client = make_client(wechat.url, **SHORT, report=lambda path, state: reports.append((path, state.name)))
    wechat.fault(LOGIN, delay=30)
    outcomes(client, 3)
    wechat.fault(LOGIN, times=0)
    wait_until_closed(client)
    wait_until(lambda: reports[-1] == (LOGIN, "closed"))

    assert reports[0] == (LOGIN, "open")


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 2
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)
