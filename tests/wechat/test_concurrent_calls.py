"""The limit on concurrent calls."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wechat.conftest import outcome_of
from tests.wechat.slow_peers import hangs
from wxlogin.secret import Secret
from wxlogin.wechat.errors import NotSent, TooManyInFlight, WeChatError, WeChatTimeout


def test_one_call_too_many_is_refused_at_once_after_a_while_without_an_answer(make_peer, make_client):
    peer = make_peer(hangs)
    client = make_client(peer.url, concurrency=2, deadline=1.0)

    with ThreadPoolExecutor(2) as callers:
        waiting = [callers.submit(outcome_of, client) for _ in range(2)]
        wait_for(lambda: len(peer.requests) == 2)
        time.sleep(0.45)
        started = time.monotonic()
        with pytest.raises(TooManyInFlight) as caught:
            client.code2session(Secret("any"))
        took = time.monotonic() - started

    assert took < 0.2
    assert caught.value.code == "wechat_unavailable"
    assert [future.result() for future in waiting] == [WeChatTimeout] * 2
    assert len(peer.requests) == 2


def test_a_call_for_which_no_thread_can_start_is_not_sent_and_costs_no_slot(wechat, make_client, monkeypatch):
    client = make_client(wechat.url, concurrency=1, deadline=1.0)

    def fail(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without_threads:
        without_threads.setattr(threading.Thread, "start", fail)
        refused = outcome_of(client)

    assert refused is NotSent
    assert client.code2session(Secret(wechat.code_for("o-alice"))).openid == "o-alice"
    assert len(wechat.calls) == 1


def test_a_burst_waits_for_a_slow_wechat_that_was_quick_before(wechat, make_client):
    client = make_client(wechat.url, concurrency=2, deadline=2.0)
    client.code2session(Secret(wechat.code_for("o-alice")))
    wechat.fault(delay=0.45)

    with ThreadPoolExecutor(4) as callers:
        codes = [wechat.code_for("o-alice") for _ in range(4)]
        sessions = list(callers.map(client.code2session, codes))

    assert len(sessions) == 4


def test_a_path_that_hangs_costs_another_one_nothing(wechat, make_client):
    client = make_client(wechat.url, concurrency=2, deadline=1.0)
    wechat.fault("/wxa/business/getuserphonenumber", delay=10)

    with ThreadPoolExecutor(2) as callers:
        phones = [callers.submit(phone_outcome_of, client) for _ in range(2)]
        wait_for(lambda: len(phone_calls(wechat)) == 2)
        openid = client.code2session(Secret(wechat.code_for("o-alice"))).openid

    assert openid == "o-alice"
    assert [future.result() for future in phones] == [WeChatTimeout] * 2


def phone_calls(wechat):
    return [call for call in wechat.calls if call.path == "/wxa/business/getuserphonenumber"]


def phone_outcome_of(client):
    try:
        return client.phone_number(Secret("any"), "o-alice")
    except WeChatError as exc:
        return type(exc)


def test_a_slot_is_back_when_its_call_is_over(wechat, make_client):
    client = make_client(wechat.url, concurrency=1, deadline=5.0)

    for _ in range(300):
        assert client.code2session(Secret(wechat.code_for("o-alice"))).openid == "o-alice"


def test_as_many_callers_as_slots_never_meet(wechat, make_client):
    client = make_client(wechat.url, concurrency=4, deadline=5.0)

    def many(_):
        return [client.code2session(Secret(wechat.code_for("o-alice"))).openid for _ in range(50)]

    with ThreadPoolExecutor(4) as callers:
        results = list(callers.map(many, range(4)))

    assert results == [["o-alice"] * 50] * 4


@pytest.mark.parametrize(
    "fault", [{"reset": True}, {"status": 500}, {"body": ""}, {"errcode": 40029}, {"body": "x" * 300_000}]
)
def test_slots_come_back_after_errors(wechat, make_client, fault):
    client = make_client(wechat.url, concurrency=1, deadline=5.0)
    wechat.fault(**fault, times=5)

    outcomes = [outcome_of(client) for _ in range(5)]

    assert TooManyInFlight not in outcomes
    assert client.code2session(Secret(wechat.code_for("o-alice"))).openid == "o-alice"


def test_calls_need_no_more_threads_than_slots(make_peer, make_client):
    peer = make_peer(hangs)
    client = make_client(peer.url, concurrency=2)
    before = workers()

    with ThreadPoolExecutor(8) as callers:
        outcomes = list(callers.map(lambda _: outcome_of(client), range(8)))

    assert sorted(kind.__name__ for kind in outcomes) == ["TooManyInFlight"] * 6 + ["WeChatTimeout"] * 2
    assert len(workers() - before) <= 2


def workers():
    return {thread for thread in threading.enumerate() if thread.name.startswith("wxlogin-wechat")}


def wait_for(condition):
    until = time.monotonic() + 2
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)
