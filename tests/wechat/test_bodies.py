"""Bodies of answers: their size, their encoding, and bytes that aren't HTTP."""

import gzip
import time

import pytest

from tests.wechat.peer import answer
from wxlogin.secret import Secret
from wxlogin.wechat.errors import BadResponse, NotSent, WeChatUnavailable
from wxlogin.wechat.transport import MAX_BODY


def padded_to(size):
    head = b'{"openid":"o-alice","session_key":"bWFkZSB1cA==","padding":"'
    return head + b"x" * (size - len(head) - 2) + b'"}'


def test_a_body_of_64_kib_is_read(make_answering_peer, make_client):
    peer = make_answering_peer(answer(padded_to(MAX_BODY)))

    assert make_client(peer.url).code2session(Secret("any")).openid == "o-alice"


@pytest.mark.parametrize("size", [MAX_BODY + 1, 300_000])
def test_a_larger_one_is_refused(make_answering_peer, make_client, size):
    peer = make_answering_peer(answer(padded_to(size)))

    with pytest.raises(BadResponse, match="too large"):
        make_client(peer.url).code2session(Secret("any"))


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
        client.code2session(Secret("any"))

    assert time.monotonic() - started < 1
    time.sleep(0.1)
    # The socket buffers of both sides take some megabytes.
    assert sum(sent) < 20_000_000


def test_chunks_are_joined(make_answering_peer, make_client):
    body = padded_to(20_000)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:9000], body[9000:]))
    peer = make_answering_peer(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    )
    client = make_client(peer.url)

    assert client.code2session(Secret("first")).openid == "o-alice"
    assert client.code2session(Secret("second")).openid == "o-alice"
    assert peer.connections == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_compressed_answer_is_not_inflated(make_answering_peer, make_client, encoding):
    peer = make_answering_peer(answer(gzip.compress(b" " * 10_000_000), f"Content-Encoding: {encoding}"))

    with pytest.raises(BadResponse, match="not a JSON object"):
        make_client(peer.url).code2session(Secret("any"))


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
        make_client(peer.url, deadline=2.0).code2session(Secret("any"))

    assert not isinstance(caught.value, NotSent)
    assert caught.value.__context__ is None
    assert len(peer.requests) == 1


def test_an_answer_cut_short_is_unavailable(make_peer, make_client):
    def closes_mid_body(visit):
        visit.read_request()
        visit.send(answer()[:-10])

    with pytest.raises(WeChatUnavailable):
        make_client(make_peer(closes_mid_body).url).code2session(Secret("any"))
