import hashlib
import json
import re
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakewechat.test_encryption import AES_KEY, decrypt_push
from wxlogin.fakewechat import FakeWeChat, pushes

REVOKE = "user_authorization_revoke"
SHOP = {"SECRET": "shop-secret", "NAME": "Shop", "PUSH_TOKEN": "shop-token", "PUSH_AES_KEY": AES_KEY}


@pytest.fixture
def fake(clock):
    with FakeWeChat(apps={"wx-shop": SHOP, "wx-silent": "secret-alone"}, now=clock) as fake:
        yield fake


def sha1(*parts):
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324, as WeChat does


def is_signed(received, token="shop-token"):
    query = received.query
    return query["signature"] == sha1(token, query["timestamp"], query["nonce"])


def read_xml(text):
    return {member.tag: member.text for member in ElementTree.fromstring(text)}  # noqa: S314, our own XML


READERS = {"json": json.loads, "xml": read_xml}
CONTENT_TYPES = {"json": "application/json", "xml": "text/xml"}


# Plain


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


# Encrypted


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


# Members, credentials and URL


def test_a_repeat_can_be_the_very_same_message(fake, receiver, clock):
    fake.push(receiver.url, REVOKE, "o-alice", RevokeInfo="1")
    clock.time += 5
    fake.push(receiver.url, REVOKE, "o-alice", CreateTime=clock.time - 5, RevokeInfo="1")

    first, second = (json.loads(received.body)["Encrypt"] for received in receiver.received)
    assert first != second
    assert decrypt_push(first) == decrypt_push(second)


def test_fields_replace_members_and_none_leaves_one_out(fake, receiver):
    fake.push(receiver.url, REVOKE, "o-alice", "plain", MsgType="Event", AppID="wx-foreign", OpenID=None)

    message = json.loads(receiver.last.body)
    assert (message["MsgType"], message["AppID"]) == ("Event", "wx-foreign")
    assert "OpenID" not in message


def test_what_is_given_goes_before_what_is_known(fake, receiver):
    other_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

    fake.push(receiver.url, REVOKE, "o-alice", appid="wx-other", token="other-token", aes_key=other_key)

    assert is_signed(receiver.last, "other-token")
    text, appid = decrypt_push(json.loads(receiver.last.body)["Encrypt"], other_key)
    assert (json.loads(text)["AppID"], appid) == ("wx-other", "wx-other")


def test_a_query_of_the_url_stays(fake, receiver):
    fake.push(receiver.url + "?lang=zh", REVOKE, "o-alice")

    assert list(receiver.last.query)[:2] == ["lang", "signature"]


def test_credentials_stay_out_of_reprs(fake):
    receiver = pushes.Receiver("http://127.0.0.1/", "wx-shop", "shop-token", AES_KEY)

    for secret in ["shop-secret", "shop-token", AES_KEY]:
        assert secret not in f"{fake.apps} {receiver}"


# The result


def test_an_answer_is_reported_as_it_is(fake, receiver):
    receiver.status, receiver.body = 403, '{"detail": "签名"}'

    assert fake.push(receiver.url, REVOKE, "o-alice") == {"status": 403, "body": '{"detail": "签名"}'}


def test_it_is_sent_once_and_a_late_answer_is_none(fake, receiver, monkeypatch):
    monkeypatch.setattr(pushes, "TIMEOUT", 0.05)
    receiver.delay = 0.3

    assert fake.push(receiver.url, REVOKE, "o-alice") == {"status": None, "body": ""}
    assert len(receiver.received) == 1


def test_nobody_listening_is_no_answer(fake, receiver):
    receiver.close()

    assert fake.push(receiver.url, REVOKE, "o-alice") == {"status": None, "body": ""}


def test_a_redirect_is_not_followed(fake, receiver):
    receiver.status = 302

    assert fake.push(receiver.url, REVOKE, "o-alice")["status"] == 302
    assert len(receiver.received) == 1


def test_a_proxy_in_the_environment_is_not_used(fake, receiver, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert fake.push(receiver.url, REVOKE, "o-alice")["status"] == 200


def test_wechat_goes_on_answering_while_it_waits(fake, receiver, stable_token):
    # A receiver may need an access_token before it can answer.
    receiver.delay = 0.5

    with ThreadPoolExecutor(1) as pool:
        delivery = pool.submit(fake.push, receiver.url, REVOKE, "o-alice")
        assert stable_token()["expires_in"] == 7200
        assert not delivery.done()

    assert delivery.result()["status"] == 200


# Over HTTP


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


def test_no_aes_key_is_needed_where_nothing_is_encrypted(fake, receiver):
    for event, mode in [(REVOKE, "plain"), ("handshake", "secure")]:
        answer = fake.push(receiver.url, event, "o-alice", mode, appid="wx-silent", token="t")
        assert answer["status"] == 200
