"""A test may choose the members, the credentials and the URL of a push."""

import json

from tests.fakewechat.decryption import decrypt_push
from tests.helpers.vectors import AES_KEY
from wxlogin.fakewechat import pushes

from .reading import REVOKE, is_signed


def test_a_message_can_be_sent_twice_unchanged(fake, receiver, clock):
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


def test_given_credentials_override_the_declared_ones(fake, receiver):
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


def test_no_aes_key_is_needed_where_nothing_is_encrypted(fake, receiver):
    for event, mode in [(REVOKE, "plain"), ("handshake", "secure")]:
        answer = fake.push(receiver.url, event, "o-alice", mode, appid="wx-silent", token="t")
        assert answer["status"] == 200
