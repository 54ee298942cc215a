"""Pushes by way of the fake's HTTP controls."""

import json

from .reading import REVOKE, is_signed


def test_a_push_over_http(client, receiver):
    reply = client.post(
        "/_fake/push",
        {
            "url": receiver.url,
            "event": REVOKE,
            "openid": "o-alice",
            "mode": "plain",
            "format": "json",
            "token": "other-token",
            "aes_key": None,
            "fields": {"RevokeInfo": "19", "PluginID": None},
        },
    )

    message = json.loads(receiver.last.body)
    assert (reply.status, reply.json()) == (200, {"status": 200, "body": "success"})
    assert is_signed(receiver.last, "other-token")
    assert (message["OpenID"], message["RevokeInfo"]) == ("o-alice", "19")
    assert "PluginID" not in message


def test_a_push_over_http_needs_little(client, receiver):
    client.post("/_fake/push", {"url": receiver.url, "event": REVOKE, "openid": "o-alice"})

    assert list(json.loads(receiver.last.body)) == ["ToUserName", "Encrypt"]


def test_a_handshake_over_http_needs_no_openid(client, receiver):
    reply = client.post("/_fake/push", {"url": receiver.url, "event": "handshake"})

    assert reply.json() == {"status": 200, "body": receiver.last.query["echostr"]}


def test_pushes_are_no_calls(client, receiver):
    client.post("/_fake/push", {"url": receiver.url, "event": REVOKE, "openid": "o-alice"})

    assert client.get("/_fake/calls").json() == []
