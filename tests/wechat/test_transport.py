"""The bounds: in time, in size, in number, and in whom we talk to."""

import gzip
import itertools
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wechat.conftest import DEADLINE, eventually
from tests.wechat.peer import GOOD, answer
from wxlogin.wechat.errors import (
    BadResponse,
    NotSent,
    TooManyInFlight,
    WeChatError,
    WeChatTimeout,
    WeChatUnavailable,
)
from wxlogin.wechat.transport import MAX_BODY, Transport

GRACE = 0.5


# The deadline


def hangs(visit):
    visit.read_request()
    visit.wait()


def never_reads(visit):
    visit.wait()


def drips_its_status_line(visit):
    visit.read_request()
    visit.drip(b"HTTP/1.1 200 " + b"O" * 10_000)


def drips_its_headers(visit):
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        visit.drip(b"X-%d: y\r\n" % (number % 7))
        if visit.wait(0):
            return


def drips_its_body(visit):
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    visit.drip(b" " * 10_000)


def drips_chunks(visit):
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not visit.wait(0.02):
        visit.send(b"1\r\n \r\n")


def drips_trailers(visit):
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    while not visit.wait(0.02):
        visit.send(b"X-Trailer: y\r\n")


def says_continue_for_ever(visit):
    visit.read_request()
    while not visit.wait(0.001):
        visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")


SLOW = [
    hangs,
    never_reads,
    drips_its_status_line,
    drips_its_headers,
    drips_its_body,
    drips_chunks,
    drips_trailers,
    says_continue_for_ever,
]


def first_time_only(behave):
    """Misbehave on the first connection; answer on every other."""

    def chosen(visit):
        if visit.peer.connections == 1:
            behave(visit)
            return
        while visit.read_request():
            visit.send(answer())

    return chosen


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("behave", SLOW)
def test_a_slow_peer_is_left_at_the_deadline_and_holds_nothing(
    behave, scheme, make_peer, make_client, certificates
):
    peer = make_peer(first_time_only(behave), tls=certificates.good if scheme == "https" else None)
    client = make_client(peer.url, concurrency=1, ca_bundle=certificates.ca)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout) as caught:
        client.code2session("any")

    assert DEADLINE - 0.05 < time.monotonic() - started < DEADLINE + GRACE
    assert caught.value.code == "wechat_timeout"
    assert caught.value.__context__ is None
    assert eventually(lambda: client.code2session("any")).openid == "o-alice"


def test_a_tls_handshake_that_never_comes_is_left_too(make_peer, make_client):
    peer = make_peer(never_reads)
    client = make_client(peer.url.replace("http:", "https:"), concurrency=1)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        client.code2session("any")

    assert time.monotonic() - started < DEADLINE + GRACE
    with pytest.raises(WeChatTimeout):  # and not TooManyInFlight: the slot is back
        eventually(lambda: client.code2session("any"))


def test_a_tls_handshake_that_drips_is_left_too(make_peer, make_client):
    def drips_a_record(visit):
        visit.drip(b"\x16\x03\x03\x40\x00" + b"\0" * 10_000)

    peer = make_peer(drips_a_record)
    client = make_client(peer.url.replace("http:", "https:"), concurrency=1)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        client.code2session("any")

    assert time.monotonic() - started < DEADLINE + GRACE
    with pytest.raises(WeChatTimeout):
        eventually(lambda: client.code2session("any"))


def test_a_slow_name_server_is_left_and_no_code_is_sent_after_it(
    make_answering_peer, make_client, monkeypatch
):
    peer = make_answering_peer()
    client = make_client(peer.url.replace("127.0.0.1", "slow.test"), concurrency=1)
    lookups = slow_lookups(monkeypatch, seconds=DEADLINE + 0.2)
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        client.code2session("any")

    assert time.monotonic() - started < DEADLINE + 0.15
    with pytest.raises(TooManyInFlight):
        client.code2session("any")
    assert eventually(lambda: client.code2session("second")).openid == "o-alice"
    assert lookups == ["slow.test", "slow.test"]
    assert [b"js_code=second&" in head for head in peer.requests] == [True]


def test_a_slow_name_server_before_a_peer_that_drips_holds_nothing(make_peer, make_client, monkeypatch):
    peer = make_peer(first_time_only(drips_its_headers))
    client = make_client(peer.url.replace("127.0.0.1", "slow.test"), concurrency=1)
    slow_lookups(monkeypatch, seconds=DEADLINE + 0.1)

    with pytest.raises(WeChatTimeout):
        client.code2session("any")

    # The connection made too late counts as the first one here, whether or not it was used.
    assert eventually(lambda: client.code2session("any")).openid == "o-alice"


def slow_lookups(monkeypatch, seconds):
    """The first look-up of a name takes ``seconds``, later ones no time; both find loopback."""
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
    transport = Transport(peer.url, deadline=5)
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
    client.code2session("first")
    started = time.monotonic()

    with pytest.raises(WeChatTimeout):
        client.code2session("second")

    assert time.monotonic() - started < DEADLINE + GRACE
    assert eventually(lambda: client.code2session("third")).openid == "o-alice"
    assert peer.connections == 2


def test_no_worker_is_stuck_after_many_timeouts(make_peer, make_client):
    peer = make_peer(drips_its_body)
    client = make_client(peer.url, concurrency=4)

    with ThreadPoolExecutor(4) as callers:
        outcomes = list(callers.map(lambda _: outcome_of(client), range(4)))

    assert outcomes == [WeChatTimeout] * 4
    peer.behave = lambda visit: visit.read_request() and visit.send(answer())
    with ThreadPoolExecutor(4) as callers:
        sessions = list(callers.map(lambda _: eventually(lambda: client.code2session("any")), range(4)))
    assert [session.openid for session in sessions] == ["o-alice"] * 4


def outcome_of(client):
    try:
        return client.code2session("any").openid
    except WeChatError as exc:
        return type(exc)


# In number


def test_one_call_too_many_is_refused_at_once(make_peer, make_client):
    peer = make_peer(hangs)
    client = make_client(peer.url, concurrency=2, deadline=1.0)

    with ThreadPoolExecutor(2) as callers:
        waiting = [callers.submit(outcome_of, client) for _ in range(2)]
        wait_for(lambda: len(peer.requests) == 2)
        started = time.monotonic()
        with pytest.raises(TooManyInFlight) as caught:
            client.code2session("any")
        took = time.monotonic() - started

    assert took < 0.2
    assert caught.value.code == "wechat_unavailable"
    assert [future.result() for future in waiting] == [WeChatTimeout] * 2
    assert len(peer.requests) == 2


def test_a_slot_is_back_when_its_call_is_over(wechat, make_client):
    client = make_client(wechat.url, concurrency=1, deadline=5.0)

    for _ in range(300):
        assert client.code2session(wechat.code_for("o-alice")).openid == "o-alice"


def test_as_many_callers_as_slots_never_meet(wechat, make_client):
    client = make_client(wechat.url, concurrency=4, deadline=5.0)

    def many(_):
        return [client.code2session(wechat.code_for("o-alice")).openid for _ in range(50)]

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
    assert client.code2session(wechat.code_for("o-alice")).openid == "o-alice"


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


# In size


def padded_to(size):
    head = b'{"openid":"o-alice","session_key":"bWFkZSB1cA==","padding":"'
    return head + b"x" * (size - len(head) - 2) + b'"}'


def test_a_body_of_64_kib_is_read(make_answering_peer, make_client):
    peer = make_answering_peer(answer(padded_to(MAX_BODY)))

    assert make_client(peer.url).code2session("any").openid == "o-alice"


@pytest.mark.parametrize("size", [MAX_BODY + 1, 300_000])
def test_a_larger_one_is_refused(make_answering_peer, make_client, size):
    peer = make_answering_peer(answer(padded_to(size)))

    with pytest.raises(BadResponse, match="too large"):
        make_client(peer.url).code2session("any")


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "too large"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "too large"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", "too large"),
        (b"HTTP/1.1 500 Oops\r\n\r\n", "HTTP 500"),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", "HTTP 302"),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Encoding: gzip\r\n\r\n", "HTTP 302"),
        (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=x, nonce=y\r\n\r\n", "HTTP 401"),
    ],
)
def test_a_body_without_end_is_left_early(make_peer, make_client, head, problem):
    sent = []

    def floods(visit):
        visit.read_request()
        visit.send(head)
        while not visit.wait(0):
            visit.send(b"\0" * 65536)
            sent.append(65536)

    client = make_client(make_peer(floods).url, deadline=5.0)
    started = time.monotonic()

    with pytest.raises(BadResponse, match=problem):
        client.code2session("any")

    assert time.monotonic() - started < 1
    time.sleep(0.1)
    assert sum(sent) < 20_000_000  # what fits into the socket buffers of the two sides


def test_chunks_are_joined(make_answering_peer, make_client):
    body = padded_to(20_000)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:9000], body[9000:]))
    peer = make_answering_peer(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    )
    client = make_client(peer.url)

    assert client.code2session("first").openid == "o-alice"
    assert client.code2session("second").openid == "o-alice"
    assert peer.connections == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_compressed_answer_is_not_inflated(make_answering_peer, make_client, encoding):
    peer = make_answering_peer(answer(gzip.compress(b" " * 10_000_000), f"Content-Encoding: {encoding}"))

    with pytest.raises(BadResponse, match="not a JSON object"):
        make_client(peer.url).code2session("any")


# What isn't HTTP


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"hello",
        b'{"openid":"o-alice","session_key":"bWFkZSB1cA=="}',
        b"HTTP/9.9 200 OK\r\n\r\n{}",
        b"HTTP/1.1 twohundred OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a:b:c/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: =;;=; expires=never; max-age=x\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=\xff\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
    ],
)
def test_nonsense_is_an_error_of_ours(make_peer, make_client, data):
    def talks_nonsense(visit):
        visit.read_request()
        visit.send(data)

    peer = make_peer(talks_nonsense)

    with pytest.raises((BadResponse, WeChatUnavailable)) as caught:
        make_client(peer.url, deadline=2.0).code2session("any")

    assert not isinstance(caught.value, NotSent)
    assert caught.value.__context__ is None
    assert len(peer.requests) == 1


def test_an_answer_cut_short_is_unavailable(make_peer, make_client):
    def closes_mid_body(visit):
        visit.read_request()
        visit.send(answer()[:-10])

    with pytest.raises(WeChatUnavailable):
        make_client(make_peer(closes_mid_body).url).code2session("any")


# Connections


def test_two_calls_use_one_connection(make_answering_peer, make_client):
    peer = make_answering_peer()
    client = make_client(peer.url)

    client.code2session("first")
    client.code2session("second")

    assert (peer.connections, len(peer.requests)) == (1, 2)


def test_two_tls_calls_use_one_connection(make_answering_peer, make_client, certificates):
    peer = make_answering_peer(tls=certificates.good)
    client = make_client(peer.url, ca_bundle=certificates.ca)

    client.code2session("first")
    client.code2session("second")

    assert (peer.connections, len(peer.requests)) == (1, 2)


def test_a_connection_the_peer_closed_is_made_again(make_peer, make_client):
    def answers_once(visit):
        visit.read_request()
        visit.send(answer())

    peer = make_peer(answers_once)
    client = make_client(peer.url)

    for _ in range(3):
        assert client.code2session("any").openid == "o-alice"
        time.sleep(0.05)  # the peer's farewell arrives

    assert (peer.connections, len(peer.requests)) == (3, 3)


def test_what_comes_after_an_answer_is_not_the_next_answer(make_peer, make_client):
    smuggled = answer({**GOOD, "openid": "o-mallory"})

    def says_more_than_asked(visit):
        while visit.read_request():
            visit.send(answer() + smuggled)

    client = make_client(make_peer(says_more_than_asked).url)

    for _ in range(5):
        assert client.code2session("any").openid == "o-alice"
        time.sleep(0.02)


def test_a_redirect_is_not_followed(make_answering_peer, make_client):
    target = make_answering_peer()
    peer = make_answering_peer(answer(b"", f"Location: {target.url}/", status="302 Found"))

    with pytest.raises(BadResponse, match="HTTP 302"):
        make_client(peer.url).code2session("any")

    assert target.connections == 0
    assert len(peer.requests) == 1


def test_cookies_are_not_kept(make_answering_peer, make_client):
    peer = make_answering_peer(answer(GOOD, "Set-Cookie: person=alice; Path=/", "Set-Cookie: more=yes"))
    client = make_client(peer.url)

    client.code2session("first")
    client.code2session("second")

    assert len(peer.requests) == 2
    assert not any(b"cookie" in head.lower() for head in peer.requests)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_used(make_answering_peer, make_client, monkeypatch, name):
    proxy, peer = make_answering_peer(), make_answering_peer()
    monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    make_client(peer.url).code2session("any")

    assert (proxy.connections, peer.connections) == (0, 1)


def test_a_tls_proxy_of_the_environment_is_not_used(
    make_answering_peer, make_client, certificates, monkeypatch
):
    proxy, peer = make_answering_peer(), make_answering_peer(tls=certificates.good)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)

    make_client(peer.url, ca_bundle=certificates.ca).code2session("any")

    assert (proxy.connections, peer.connections) == (0, 1)


def test_a_netrc_is_not_used(make_answering_peer, make_client, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login staff password made-up\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    peer = make_answering_peer()

    make_client(peer.url).code2session("any")

    assert b"\r\nauthorization:" not in peer.requests[0].lower()


def test_a_base_url_may_end_with_a_slash(wechat, make_client):
    assert make_client(wechat.url + "/").code2session(wechat.code_for("o-alice")).openid == "o-alice"


# TLS


def test_a_peer_with_a_certificate_we_know_is_trusted(make_answering_peer, make_client, certificates):
    peer = make_answering_peer(tls=certificates.good)

    assert make_client(peer.url, ca_bundle=certificates.ca).code2session("any").openid == "o-alice"


def test_a_peer_with_a_certificate_nobody_knows_is_refused(make_answering_peer, make_client, certificates):
    peer = make_answering_peer(tls=certificates.good)

    with pytest.raises(WeChatUnavailable, match="SSLError") as caught:
        make_client(peer.url).code2session("any")

    assert type(caught.value) is WeChatUnavailable
    assert peer.requests == []


def test_a_ca_of_the_environment_is_not_used(make_answering_peer, make_client, certificates, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificates.ca)
    monkeypatch.setenv("CURL_CA_BUNDLE", certificates.ca)
    peer = make_answering_peer(tls=certificates.good)

    with pytest.raises(WeChatUnavailable, match="SSLError"):
        make_client(peer.url).code2session("any")


def test_a_certificate_for_another_name_is_refused(make_answering_peer, make_client, certificates):
    peer = make_answering_peer(tls=certificates.elsewhere)

    with pytest.raises(WeChatUnavailable, match="SSLError"):
        make_client(peer.url, ca_bundle=certificates.ca).code2session("any")

    assert peer.requests == []


def test_a_peer_without_tls_is_refused(make_answering_peer, make_client):
    peer = make_answering_peer()

    with pytest.raises((WeChatUnavailable, WeChatTimeout)):
        make_client(peer.url.replace("http:", "https:")).code2session("any")

    assert peer.requests == []


def wait_for(condition):
    until = time.monotonic() + 2
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)
