"""Pushes that can't be sent."""

import pytest

from .reading import REVOKE

ELSEWHERE = [
    "http://192.0.2.7/events/wx-shop/",
    "http://example.com/events/wx-shop/",
    "http://127.0.0.1.example.com/events/wx-shop/",
    "http://127.0.0.1@example.com/events/wx-shop/",
    "http://0.0.0.0/events/wx-shop/",
    "https://127.0.0.1/events/wx-shop/",
    "ftp://127.0.0.1/events/wx-shop/",
    "127.0.0.1/events/wx-shop/",
    "http:///events/wx-shop/",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_url_that_is_not_http_on_loopback_is_refused(fake, client, url):
    with pytest.raises(ValueError, match="http on loopback"):
        fake.push(url, REVOKE, "o-alice")
    reply = client.post("/_fake/push", {"url": url, "event": REVOKE, "openid": "o-alice"})
    assert (reply.status, "http on loopback" in reply.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"url": "http://127.0.0.1:99999/wx-shop"}, "Port out of range"),
        ({"url": "http://127.0.0.1/wx shop"}, "must be escaped"),
        ({"url": "http://127.0.0.1/wx-shop\r\nX: y"}, "must be escaped"),
        ({"url": "http://127.0.0.1/"}, "give appid"),
        ({"openid": ""}, "openid"),
        ({"mode": "safe"}, "mode must be one of plain, compatible, secure"),
        ({"format": "yaml"}, "format must be one of json, xml"),
        ({"appid": "wx-silent"}, "no push token is known for wx-silent: give token"),
        ({"appid": "wx-unknown"}, "no push token is known for wx-unknown: give token"),
        ({"appid": "wx-silent", "token": "t"}, "no push AES key is known for wx-silent: give aes_key"),
        ({"aes_key": "short"}, "aes_key must be 43"),
    ],
)
def test_what_can_not_be_sent_is_refused(fake, client, receiver, changes, sentence):
    push = {"url": receiver.url, "event": REVOKE, "openid": "o-alice"} | changes

    with pytest.raises(ValueError, match=sentence):
        fake.push(**push)
    reply = client.post("/_fake/push", push)
    assert (reply.status, sentence in reply.json()["error"]) == (400, True)
    assert receiver.received == []
