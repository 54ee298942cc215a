"""The deadline of a call: no peer can hold a caller or a worker for longer."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wechat.conftest import DEADLINE, eventually, outcome_of
from tests.wechat.peer import GOOD, answer
from tests.wechat.slow_peers import (
    SLOW,
    drips_its_body,
    drips_its_headers,
    first_time_only,
    hangs,
    never_reads,
)
from wxlogin.secret import Secret
from wxlogin.wechat.endpoint import Limits
from wxlogin.wechat.errors import TooManyInFlight, WeChatTimeout
from wxlogin.wechat.transport import Transport

GRACE = 0.5


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("behave", SLOW)
def test_a_slow_peer_is_left_at_the_deadline_and_holds_nothing(
    behave, scheme, make_peer, make_client, certificates
):
    peer = make_peer(first_time_only(behave), tls=certificates.good if scheme == "https" else None)
    client = make_client(peer.url, concurrency=1, ca_bundle=certificates.ca)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout) as caught:
        client.code2session(Secret("any"))

    assert DEADLINE - 0.05 < time.monotonic() - started < DEADLINE + GRACE
    assert caught.value.code == "wechat_timeout"
    assert caught.value.__context__ is None
    assert eventually(lambda: client.code2session(Secret("any"))).openid == "o-alice"


def test_a_tls_handshake_that_never_comes_is_left_too(make_peer, make_client):
    peer = make_peer(never_reads)
    client = make_client(peer.url.replace("http:", "https:"), concurrency=1)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        client.code2session(Secret("any"))

    assert time.monotonic() - started < DEADLINE + GRACE
    # It is no TooManyInFlight, so the slot is free again.
    with pytest.raises(WeChatTimeout):
        eventually(lambda: client.code2session(Secret("any")))


def test_a_tls_handshake_that_drips_is_left_too(make_peer, make_client):
    def drips_a_record(visit):
        visit.drip(b"\x16\x03\x03\x40\x00" + b"\0" * 10_000)

    peer = make_peer(drips_a_record)
    client = make_client(peer.url.replace("http:", "https:"), concurrency=1)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        client.code2session(Secret("any"))

    assert time.monotonic() - started < DEADLINE + GRACE
    with pytest.raises(WeChatTimeout):
        eventually(lambda: client.code2session(Secret("any")))


def test_a_slow_name_server_is_left_and_no_code_is_sent_after_it(
    make_answering_peer, make_client, monkeypatch
):
    peer = make_answering_peer()
    client = make_client(peer.url.replace("127.0.0.1", "slow.test"), concurrency=1)
    lookups = slow_lookups(monkeypatch, seconds=DEADLINE + 0.2)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        client.code2session(Secret("any"))

    assert time.monotonic() - started < DEADLINE + 0.15
    with pytest.raises(TooManyInFlight):
        client.code2session(Secret("any"))
    assert eventually(lambda: client.code2session(Secret("second"))).openid == "o-alice"
    assert lookups == ["slow.test", "slow.test"]
    assert [b"js_code=second&" in head for head in peer.requests] == [True]


def test_a_slow_name_server_before_a_peer_that_drips_holds_nothing(make_peer, make_client, monkeypatch):
    peer = make_peer(first_time_only(drips_its_headers))
    client = make_client(peer.url.replace("127.0.0.1", "slow.test"), concurrency=1)
    slow_lookups(monkeypatch, seconds=DEADLINE + 0.1)

    with pytest.raises(WeChatTimeout):
        client.code2session(Secret("any"))

    # For the peer, the connection that was made too late is the first one, whether or not it was used.
    assert eventually(lambda: client.code2session(Secret("any"))).openid == "o-alice"


def slow_lookups(monkeypatch, seconds):
    """Let the first look-up of slow.test take ``seconds``. All look-ups of it find loopback. Return their list."""
    real, names = socket.getaddrinfo, []

    def getaddrinfo(host, port, *args, **kwargs):
        if host != "slow.test":
            return real(host, port, *args, **kwargs)
        names.append(host)
        if len(names) == 1:
            time.sleep(seconds)
        return real("127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


def test_a_deadline_that_has_passed_asks_nobody_for_long(make_peer):
    peer = make_peer(hangs)
    transport = Transport(peer.url, Limits(deadline=5))
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        transport.ask("/", {}, until=started - 1)

    assert time.monotonic() - started < GRACE


def test_a_reused_connection_is_cut_too(make_peer, make_client):
    def answers_once(visit):
        visit.read_request()
        visit.send(answer())
        visit.read_request()
        drips_its_body(visit)

    peer = make_peer(answers_once)
    client = make_client(peer.url, concurrency=1)
    client.code2session(Secret("first"))
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        client.code2session(Secret("second"))

    assert time.monotonic() - started < DEADLINE + GRACE
    assert eventually(lambda: client.code2session(Secret("third"))).openid == "o-alice"
    assert peer.connections == 2


def test_no_worker_is_stuck_after_many_timeouts(make_peer, make_client):
    peer = make_peer(drips_its_body)
    client = make_client(peer.url, concurrency=4)

    with ThreadPoolExecutor(4) as callers:
        outcomes = list(callers.map(lambda _: outcome_of(client), range(4)))

    assert outcomes == [WeChatTimeout] * 4
    peer.behave = lambda visit: visit.read_request() and visit.send(answer(GOOD, "Connection: close"))
    with ThreadPoolExecutor(4) as callers:
        sessions = list(
            callers.map(lambda _: eventually(lambda: client.code2session(Secret("any"))), range(4))
        )
    assert [session.openid for session in sessions] == ["o-alice"] * 4
