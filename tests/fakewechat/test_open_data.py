import hashlib
import json

import pytest

from tests.fakewechat.decryption import decrypt_open_data

DATA = {"openId": "o-alice", "unionId": "o-union", "nickName": "阿丽", "avatarUrl": "https://a/b"}


@pytest.fixture
def session_key(fake, exchange):
    """Alice's live session_key."""
    return exchange(fake.code_for("o-alice", "wx-shop"))["session_key"]


@pytest.fixture(params=["python", "http"])
def open_data(request, fake, client):
    """Encrypt open data, once with the Python method and once over HTTP."""

    def over_http(openid, data, appid=None):
        return client.post("/_fake/open-data", {"openid": openid, "data": data, "appid": appid}).json()

    return fake.open_data if request.param == "python" else over_http


def test_the_holder_of_the_session_key_can_read_it(open_data, session_key, clock):
    encrypted = open_data("o-alice", DATA)

    assert list(encrypted) == ["encryptedData", "iv", "rawData", "signature"]
    text = decrypt_open_data(encrypted["encryptedData"], session_key, encrypted["iv"])
    assert json.loads(text) == DATA | {"watermark": {"timestamp": clock.time, "appid": "wx-shop"}}
    assert '"nickName":"阿丽","avatarUrl":"https://a/b"' in text


def test_raw_data_is_what_the_client_may_see_and_is_signed(open_data, session_key):
    encrypted = open_data("o-alice", DATA)

    assert encrypted["rawData"] == '{"nickName":"阿丽","avatarUrl":"https://a/b"}'
    signed = hashlib.sha1((encrypted["rawData"] + session_key).encode()).hexdigest()  # noqa: S324, as WeChat does
    assert encrypted["signature"] == signed


def test_a_watermark_of_ones_own_stays(open_data, session_key):
    watermark = {"timestamp": 1477314187, "appid": "wx-foreign"}

    encrypted = open_data("o-alice", {"watermark": watermark, "phoneNumber": "13580006666"})

    text = decrypt_open_data(encrypted["encryptedData"], session_key, encrypted["iv"])
    assert json.loads(text)["watermark"] == watermark
    assert encrypted["rawData"] == '{"phoneNumber":"13580006666"}'


@pytest.mark.parametrize("length", range(17))
def test_data_of_any_length_can_be_read(fake, session_key, length):
    encrypted = fake.open_data("o-alice", {"nickName": "x" * length})

    text = decrypt_open_data(encrypted["encryptedData"], session_key, encrypted["iv"])
    assert json.loads(text)["nickName"] == "x" * length


def test_the_iv_is_another_one_each_time(fake, session_key):
    assert len({fake.open_data("o-alice", {})["iv"] for _ in range(9)}) == 9


def test_the_live_key_is_used_even_where_it_is_not_exchanged_yet(fake, session_key):
    fake.code_for("o-alice", "wx-shop")

    encrypted = fake.open_data("o-alice", DATA)

    live = fake.session_key_of("o-alice", "wx-shop")
    assert live != session_key
    assert "阿丽" in decrypt_open_data(encrypted["encryptedData"], live, encrypted["iv"])


def test_the_app_decides_where_there_are_several(fake, open_data, session_key):
    fake.code_for("o-alice", "wx-other")
    other_key = fake.session_key_of("o-alice", "wx-other")

    encrypted = open_data("o-alice", DATA, appid="wx-other")

    text = decrypt_open_data(encrypted["encryptedData"], other_key, encrypted["iv"])
    assert json.loads(text)["watermark"]["appid"] == "wx-other"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"openid": "o-stranger"}, "unknown openid"),
        ({"openid": "o-alice"}, "o-alice has a live session_key in wx-shop and wx-other: give appid"),
        ({"openid": "o-bob"}, "o-bob has a live session_key in no app"),
        ({"openid": "o-carol"}, "o-carol has a live session_key in no app"),
        ({"openid": "o-carol", "appid": "wx-shop"}, "o-carol has no live session_key in wx-shop"),
        ({"openid": "o-alice", "appid": "wx-third"}, "o-alice has no live session_key in wx-third"),
    ],
)
def test_without_exactly_one_live_key_it_is_refused(fake, client, fields, sentence):
    fake.code_for("o-alice", "wx-shop")
    fake.code_for("o-alice", "wx-other")
    fake.person(openid="o-bob")
    fake.code_for("o-carol", "wx-shop")
    fake.expire_session_key("o-carol")

    with pytest.raises(ValueError, match=sentence):
        fake.open_data(data=DATA, **fields)
    reply = client.post("/_fake/open-data", {"data": DATA, **fields})

    assert reply.status == 400
    assert sentence in reply.json()["error"]
