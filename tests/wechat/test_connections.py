"""Connections to WeChat: reuse, redirects, cookies, proxies and TLS."""

import time

import pytest

from tests.wechat.peer import GOOD, answer
from wxlogin.secret import Secret
from wxlogin.wechat.errors import BadResponse, WeChatTimeout, WeChatUnavailable


def test_two_calls_use_one_connection(make_answering_peer, make_client):
    peer = make_answering_peer()
    client = make_client(peer.url)

    client.code2session(Secret("first"))
    client.code2session(Secret("second"))

    assert (peer.connections, len(peer.requests)) == (1, 2)


def test_two_tls_calls_use_one_connection(make_answering_peer, make_client, certificates):
    peer = make_answering_peer(tls=certificates.good)
    client = make_client(peer.url, ca_bundle=certificates.ca)

    client.code2session(Secret("first"))
    client.code2session(Secret("second"))

    assert (peer.connections, len(peer.requests)) == (1, 2)


def test_a_connection_the_peer_closed_is_made_again(make_peer, make_client):
    def answers_once(visit):
        visit.read_request()
        visit.send(answer())

    peer = make_peer(answers_once)
    client = make_client(peer.url)

    for _ in range(3):
        assert client.code2session(Secret("any")).openid == "o-alice"
        # Wait until the peer has closed the connection.
        time.sleep(0.05)

    assert (peer.connections, len(peer.requests)) == (3, 3)


def test_bytes_after_an_answer_are_not_the_next_answer(make_peer, make_client):
    smuggled = answer({**GOOD, "openid": "o-mallory"})

    def says_more_than_asked(visit):
        while visit.read_request():
            visit.send(answer() + smuggled)

    client = make_client(make_peer(says_more_than_asked).url)

    for _ in range(5):
        assert client.code2session(Secret("any")).openid == "o-alice"
        time.sleep(0.02)


def test_a_redirect_is_not_followed(make_answering_peer, make_client):
    target = make_answering_peer()
    peer = make_answering_peer(answer(b"", f"Location: {target.url}/", status="302 Found"))

    with pytest.raises(BadResponse, match="HTTP 302"):
        make_client(peer.url).code2session(Secret("any"))

    assert target.connections == 0
    assert len(peer.requests) == 1


def test_cookies_are_not_kept(make_answering_peer, make_client):
    peer = make_answering_peer(answer(GOOD, "Set-Cookie: person=alice; Path=/", "Set-Cookie: more=yes"))
    client = make_client(peer.url)

    client.code2session(Secret("first"))
    client.code2session(Secret("second"))

    assert len(peer.requests) == 2
    assert not any(b"cookie" in head.lower() for head in peer.requests)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_used(make_answering_peer, make_client, monkeypatch, name):
    proxy, peer = make_answering_peer(), make_answering_peer()
    monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    make_client(peer.url).code2session(Secret("any"))

    assert (proxy.connections, peer.connections) == (0, 1)


def test_a_tls_proxy_of_the_environment_is_not_used(
    make_answering_peer, make_client, certificates, monkeypatch
):
    proxy, peer = make_answering_peer(), make_answering_peer(tls=certificates.good)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)

    make_client(peer.url, ca_bundle=certificates.ca).code2session(Secret("any"))

    assert (proxy.connections, peer.connections) == (0, 1)


def test_a_netrc_is_not_used(make_answering_peer, make_client, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login staff password made-up\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    peer = make_answering_peer()

    make_client(peer.url).code2session(Secret("any"))

    assert b"\r\nauthorization:" not in peer.requests[0].lower()


def test_a_base_url_may_end_with_a_slash(wechat, make_client):
    assert make_client(wechat.url + "/").code2session(Secret(wechat.code_for("o-alice"))).openid == "o-alice"


def test_a_peer_with_a_certificate_we_know_is_trusted(make_answering_peer, make_client, certificates):
    peer = make_answering_peer(tls=certificates.good)

    assert make_client(peer.url, ca_bundle=certificates.ca).code2session(Secret("any")).openid == "o-alice"


def test_a_peer_with_a_certificate_nobody_knows_is_refused(make_answering_peer, make_client, certificates):
    peer = make_answering_peer(tls=certificates.good)

    with pytest.raises(WeChatUnavailable, match="SSLError") as caught:
        make_client(peer.url).code2session(Secret("any"))

    assert type(caught.value) is WeChatUnavailable
    assert peer.requests == []


def test_a_ca_of_the_environment_is_not_used(make_answering_peer, make_client, certificates, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificates.ca)
    monkeypatch.setenv("CURL_CA_BUNDLE", certificates.ca)
    peer = make_answering_peer(tls=certificates.good)

    with pytest.raises(WeChatUnavailable, match="SSLError"):
        make_client(peer.url).code2session(Secret("any"))


def test_a_certificate_for_another_name_is_refused(make_answering_peer, make_client, certificates):
    peer = make_answering_peer(tls=certificates.elsewhere)

    with pytest.raises(WeChatUnavailable, match="SSLError"):
        make_client(peer.url, ca_bundle=certificates.ca).code2session(Secret("any"))

    assert peer.requests == []


def test_a_peer_without_tls_is_refused(make_answering_peer, make_client):
    peer = make_answering_peer()

    with pytest.raises((WeChatUnavailable, WeChatTimeout)):
        make_client(peer.url.replace("http:", "https:")).code2session(Secret("any"))

    assert peer.requests == []
