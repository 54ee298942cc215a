"""Pushes in plain and encrypted form, as JSON and as XML."""

import json
import re

import pytest

from tests.fakewechat.decryption import decrypt_push

from .reading import READERS, REVOKE, is_signed, read_xml, sha1

CONTENT_TYPES = {"json": "application/json", "xml": "text/xml"}


def test_a_plain_event(fake, receiver, clock):
    answer = fake.push(receiver.url, REVOKE, "o-alice", "plain", RevokeInfo="1")

    received = receiver.last
    assert answer == {"status": 200, "body": "success"}
    assert (received.method, received.path) == ("POST", "/events/wx-shop/")
    assert received.content_type == "application/json"
    assert list(received.query) == ["signature", "timestamp", "nonce", "openid"]
    assert received.query["timestamp"] == str(clock.time)
    assert is_signed(received)
    message = json.loads(received.body)
    assert message == {
        "ToUserName": message["ToUserName"],
        "FromUserName": message["FromUserName"],
        "CreateTime": clock.time,
        "MsgType": "event",
        "Event": REVOKE,
        "OpenID": "o-alice",
        "AppID": "wx-shop",
        "RevokeInfo": "1",
    }


def test_an_event_comes_from_the_platform_and_not_from_the_person(fake, receiver):
    fake.push(receiver.url, REVOKE, "o-alice", "plain")

    message = json.loads(receiver.last.body)
    assert re.fullmatch("gh_[0-9a-f]{12}", message["ToUserName"])
    assert re.fullmatch("o[A-Za-z0-9_-]{27}", message["FromUserName"])
    assert receiver.last.query["openid"] == message["FromUserName"]


def test_xml_is_written_as_wechat_does(fake, receiver, clock):
    fake.push(receiver.url, REVOKE, "o-alice", "plain", format="xml", RevokeInfo="1")

    received = receiver.last
    message = read_xml(received.body)
    assert received.content_type == "text/xml"
    assert received.body.decode() == (
        "<xml>\n"
        f"<ToUserName><![CDATA[{message['ToUserName']}]]></ToUserName>\n"
        f"<FromUserName><![CDATA[{message['FromUserName']}]]></FromUserName>\n"
        f"<CreateTime>{clock.time}</CreateTime>\n"
        "<MsgType><![CDATA[event]]></MsgType>\n"
        "<Event><![CDATA[user_authorization_revoke]]></Event>\n"
        "<OpenID><![CDATA[o-alice]]></OpenID>\n"
        "<AppID><![CDATA[wx-shop]]></AppID>\n"
        "<RevokeInfo><![CDATA[1]]></RevokeInfo>\n"
        "</xml>"
    )


@pytest.mark.parametrize("format", ["json", "xml"])
def test_any_text_survives_the_writing(fake, receiver, format):
    text = '阿丽 & <b>]]></b> "quoted"'

    fake.push(receiver.url, "debug_demo", "o-alice", "plain", format=format, debug_str=text)

    assert READERS[format](receiver.last.body)["debug_str"] == text


@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
@pytest.mark.parametrize(
    ("format", "text"),
    [("xml", "<xml><Content><![CDATA[\x1d]]>c]]></Content></xml>"), ("json", '{"Content": "\x08\\ud83d"}')],
)
def test_a_text_is_sent_as_it_is_well_formed_or_not(client, receiver, mode, format, text):
    push = {"url": receiver.url, "event": "-", "openid": "-", "mode": mode, "format": format, "text": text}

    client.post("/_fake/push", push)

    body = receiver.last.body.decode()
    assert is_signed(receiver.last)
    if mode == "plain":
        assert body == text
    else:
        encrypted = re.search(r"Encrypt\W+(?:CDATA\[)?([\w+/=]+)", body)[1]
        assert decrypt_push(encrypted)[0] == text
    if mode == "compatible":
        assert body.startswith(text[:-6])


@pytest.mark.parametrize("format", ["json", "xml"])
def test_half_an_emoji_is_sent_as_bytes_that_are_no_utf_8(fake, receiver, format):
    answer = fake.push(receiver.url, "debug_demo", "o-alice", "plain", format=format, debug_str="\ud83d")

    assert answer["status"] == 200
    assert "\ud83d".encode("utf-8", "surrogatepass") in receiver.last.body


@pytest.mark.parametrize("format", ["json", "xml"])
def test_a_secure_event_shows_nothing_but_its_envelope(fake, receiver, format):
    answer = fake.push(receiver.url, REVOKE, "o-alice", format=format, RevokeInfo="8")

    received = receiver.last
    envelope = READERS[format](received.body)
    assert answer == {"status": 200, "body": "success"}
    assert received.content_type == CONTENT_TYPES[format]
    assert list(envelope) == ["ToUserName", "Encrypt"]
    assert received.query["encrypt_type"] == "aes"
    assert received.query["msg_signature"] == sha1(
        "shop-token", received.query["timestamp"], received.query["nonce"], envelope["Encrypt"]
    )
    assert is_signed(received)
    text, appid = decrypt_push(envelope["Encrypt"])
    assert appid == "wx-shop"
    message = READERS[format](text)
    assert (message["Event"], message["OpenID"], message["RevokeInfo"]) == (REVOKE, "o-alice", "8")
    assert message["ToUserName"] == envelope["ToUserName"]


@pytest.mark.parametrize("format", ["json", "xml"])
def test_a_compatible_event_is_both_plain_and_encrypted(fake, receiver, format):
    fake.push(receiver.url, REVOKE, "o-alice", "compatible", format=format)

    received = receiver.last
    message = READERS[format](received.body)
    encrypted = message.pop("Encrypt")
    assert message["OpenID"] == "o-alice"
    assert READERS[format](decrypt_push(encrypted)[0]) == message
    assert received.query["msg_signature"] == sha1(
        "shop-token", received.query["timestamp"], received.query["nonce"], encrypted
    )


@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
def test_a_handshake_is_a_signed_get_that_wants_its_echostr_back(fake, receiver, mode):
    answer = fake.push(receiver.url, "handshake", "o-alice", mode)

    received = receiver.last
    assert (received.method, received.path) == ("GET", "/events/wx-shop/")
    assert list(received.query) == ["signature", "timestamp", "nonce", "echostr"]
    assert is_signed(received)
    assert answer == {"status": 200, "body": received.query["echostr"]}
