"""WeChat's cryptography: the vectors that WeChat publishes, and input that a hostile client may send."""

import base64
import hashlib
import json

import pytest
from Crypto.Cipher import AES

from tests.helpers.plain import (
    decrypt_open_data,
    decrypt_push,
    push_signature,
    raw_data_signature,
    session_signature,
)
from tests.helpers.vectors import (
    AES_KEY,
    ENCRYPT,
    ENCRYPTED_DATA,
    IV,
    OPEN_DATA,
    PUSH_APPID,
    PUSHED,
    RAW_DATA,
    REPLY,
    SESSION_KEY,
    TOKEN,
)
from wxlogin.wechat.crypto import CannotDecrypt, encrypt_push


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def padded(data: bytes, block: int) -> bytes:
    pad = block - len(data) % block
    return data + bytes([pad]) * pad


def open_data(plaintext: bytes, *, pad: bool = True) -> str:
    """Any bytes as open data, encrypted by a client that knows the key."""
    cipher = AES.new(base64.b64decode(SESSION_KEY), AES.MODE_CBC, iv=base64.b64decode(IV))
    return base64_text(cipher.encrypt(padded(plaintext, 16) if pad else plaintext))


def push(frame: bytes, *, pad: bool = True) -> str:
    key = bytes(32)
    cipher = AES.new(key, AES.MODE_CBC, iv=key[:16])
    return base64_text(cipher.encrypt(padded(frame, 32) if pad else frame))


def frame(message: bytes, appid: bytes = PUSH_APPID.encode(), length: int | None = None) -> bytes:
    return b"r" * 16 + (len(message) if length is None else length).to_bytes(4, "big") + message + appid


# Signatures


@pytest.mark.parametrize(
    ("session_key", "message", "signature"),
    [
        (
            "o0q0otL8aEzpcZL/FT9WsQ==",
            b'{"foo":"bar"}',
            "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b",
        ),
        ("o0q0otL8aEzpcZL/FT9WsQ==", b"", "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"),
        ("tiihtNczf5v6AKRyjwEUhQ==", b"", "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"),
    ],
)
def test_session_signature_takes_the_key_as_text(session_key, message, signature):
    assert session_signature(session_key, message) == signature


def test_session_signature_signs_nothing_by_default():
    assert session_signature(SESSION_KEY) == session_signature(SESSION_KEY, b"")


def test_raw_data_signature():
    signature = raw_data_signature(RAW_DATA, "HyVFkGl5F5OQWJZZaNzBBg==")

    assert signature == "75e81ceda165f4ffa64f4068af58c64b8f54b88c"


def test_raw_data_is_signed_as_utf8():
    expected = hashlib.sha1("{“阿丽”}key".encode()).hexdigest()  # noqa: S324  WeChat's choice

    assert raw_data_signature("{“阿丽”}", "key") == expected


@pytest.mark.parametrize(
    ("parts", "signature"),
    [
        (("1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (("1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (("1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (("1714112445", "415670741", ENCRYPT), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        (("1713424427", "415670741", REPLY), "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"),
    ],
    ids=["handshake", "plain", "secure-without-body", "secure", "reply"],
)
def test_push_signature(parts, signature):
    assert push_signature(TOKEN, *parts) == signature


def test_push_signature_sorts_its_parts():
    assert push_signature("b", "a", "c") == push_signature("c", "b", "a") == push_signature("abc")


@pytest.mark.parametrize("odd", ["\ud800", "阿丽", "\0", ""])
def test_any_untrusted_text_has_a_signature(odd):
    assert len(push_signature(TOKEN, "1714112445", "415670741", odd)) == 40
    assert len(raw_data_signature(odd, SESSION_KEY)) == 40


# Open data


def test_open_data():
    assert decrypt_open_data(SESSION_KEY, ENCRYPTED_DATA, IV) == OPEN_DATA


def test_the_vector_is_the_published_one():
    plaintext = json.dumps(OPEN_DATA, separators=(",", ":")).encode()

    assert (
        hashlib.sha256(ENCRYPTED_DATA.encode()).hexdigest()
        == "7842122eb129390ef7ca47b91ae8d142553fc5849eaad857552491f090118a51"
    )
    assert (
        hashlib.sha256(plaintext).hexdigest()
        == "3237d8a5dbd413523c194882c7156544d8a06e2afcc97383cc300c17bd09391b"
    )
    assert open_data(plaintext) == ENCRYPTED_DATA


@pytest.mark.parametrize("padding", range(1, 17))
def test_open_data_of_every_padding_opens(padding):
    body = b'{"a":"' + b"x" * (40 - padding) + b'"}'

    assert (len(body) + padding) % 16 == 0
    assert decrypt_open_data(SESSION_KEY, open_data(body), IV) == {"a": "x" * (40 - padding)}


def test_open_data_in_chinese_opens():
    plaintext = '{"nickName":"阿丽 👋"}'.encode()

    assert decrypt_open_data(SESSION_KEY, open_data(plaintext), IV) == {"nickName": "阿丽 👋"}


@pytest.mark.parametrize(
    ("session_key", "encrypted_data", "iv"),
    [
        pytest.param("HyVFkGl5F5OQWJZZaNzBBg==", ENCRYPTED_DATA, IV, id="another key"),
        pytest.param("", ENCRYPTED_DATA, IV, id="no key"),
        pytest.param(base64_text(b"k" * 15), ENCRYPTED_DATA, IV, id="key of 15 bytes"),
        pytest.param(base64_text(b"k" * 17), ENCRYPTED_DATA, IV, id="key of 17 bytes"),
        pytest.param(base64_text(b"k" * 32), ENCRYPTED_DATA, IV, id="key for another AES"),
        pytest.param("not base64!", ENCRYPTED_DATA, IV, id="key not base64"),
        pytest.param("阿" * 24, ENCRYPTED_DATA, IV, id="key not ASCII"),
        pytest.param(SESSION_KEY.rstrip("="), ENCRYPTED_DATA, IV, id="key without its end"),
        pytest.param(SESSION_KEY, ENCRYPTED_DATA, base64_text(b"i" * 16), id="another iv"),
        pytest.param(SESSION_KEY, ENCRYPTED_DATA, "", id="no iv"),
        pytest.param(SESSION_KEY, ENCRYPTED_DATA, base64_text(b"i" * 15), id="iv of 15 bytes"),
        pytest.param(SESSION_KEY, ENCRYPTED_DATA, base64_text(b"i" * 17), id="iv of 17 bytes"),
        pytest.param(SESSION_KEY, ENCRYPTED_DATA, "r7BXXKkLb8qrSNn05n0qiA", id="iv without its end"),
        pytest.param(SESSION_KEY, ENCRYPTED_DATA, "\ud800" * 24, id="iv not text"),
        pytest.param(SESSION_KEY, "", IV, id="no data"),
        pytest.param(SESSION_KEY, ENCRYPTED_DATA[:-4], IV, id="data cut inside a block"),
        pytest.param(SESSION_KEY, ENCRYPTED_DATA[:64], IV, id="data cut between blocks"),
        pytest.param(SESSION_KEY, ENCRYPTED_DATA.replace("+", " "), IV, id="data from a form"),
        pytest.param(SESSION_KEY, "阿丽", IV, id="data not ASCII"),
        pytest.param(SESSION_KEY, "A" * 65536, IV, id="data of nobody"),
        pytest.param(SESSION_KEY, open_data(b"{}" + b"\0" * 14, pad=False), IV, id="pad 0"),
        pytest.param(SESSION_KEY, open_data(b"{}" + b" " * 13 + b"\x11" * 17, pad=False), IV, id="pad 17"),
        pytest.param(SESSION_KEY, open_data(b"{}" + b" " * 11 + b"\2\1\3", pad=False), IV, id="pad uneven"),
        pytest.param(SESSION_KEY, open_data(b""), IV, id="empty"),
        pytest.param(SESSION_KEY, open_data(b"hello"), IV, id="not JSON"),
        pytest.param(SESSION_KEY, open_data(b"{}{}"), IV, id="JSON twice"),
        pytest.param(SESSION_KEY, open_data(b"[1]"), IV, id="a list"),
        pytest.param(SESSION_KEY, open_data(b"null"), IV, id="null"),
        pytest.param(SESSION_KEY, open_data(b'"text"'), IV, id="a string"),
        pytest.param(SESSION_KEY, open_data(b'{"a":"\xff"}'), IV, id="not UTF-8"),
        pytest.param(SESSION_KEY, open_data(b'{"a":' + b"9" * 5000 + b"}"), IV, id="huge number"),
        pytest.param(SESSION_KEY, open_data(b'{"a":' + b"[" * 100_000), IV, id="deep"),
        pytest.param(
            SESSION_KEY, open_data(b'{"a":' + b"[" * 9_9999 + b"]" * 9_9999 + b"}"), IV, id="deep and whole"
        ),
        pytest.param(SESSION_KEY, open_data(b'{"a":NaN}'), IV, id="NaN, which no JSON answer can repeat"),
        pytest.param(SESSION_KEY, open_data(b'{"a":1e999}'), IV, id="infinite, likewise"),
        pytest.param(SESSION_KEY, open_data(b'{"a":"\\ud800"}'), IV, id="half a character, likewise"),
    ],
)
def test_open_data_that_does_not_open_is_one_error(session_key, encrypted_data, iv):
    with pytest.raises(CannotDecrypt) as caught:
        decrypt_open_data(session_key, encrypted_data, iv)

    assert caught.value.args == ()
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


# Message push


def test_a_push_opens():
    assert decrypt_push(AES_KEY, ENCRYPT) == (PUSHED, PUSH_APPID)


def test_the_push_vector_needs_blocks_of_32():
    raw = AES.new(bytes(32), AES.MODE_CBC, iv=bytes(16)).decrypt(base64.b64decode(ENCRYPT))

    assert (len(raw), raw[-1]) == (224, 19)
    assert raw[:16] == b"a8eedb185eb2fecf"
    assert int.from_bytes(raw[16:20], "big") == 167


def test_our_own_reply_opens_too():
    assert decrypt_push(AES_KEY, REPLY) == ('{"demo_resp":"good luck"}', PUSH_APPID)


def test_the_official_reply():
    reply = encrypt_push(AES_KEY, '{"demo_resp":"good luck"}', PUSH_APPID, random=b"707722b803182950")

    assert reply == REPLY


def test_a_reply_is_never_the_same_twice_and_opens():
    one, other = (encrypt_push(AES_KEY, "“阿丽”", PUSH_APPID) for _ in range(2))

    assert one != other
    assert decrypt_push(AES_KEY, one) == decrypt_push(AES_KEY, other) == ("“阿丽”", PUSH_APPID)


@pytest.mark.parametrize("length", range(33))
def test_a_push_of_every_padding_opens(length):
    assert decrypt_push(AES_KEY, push(frame(b"x" * length))) == ("x" * length, PUSH_APPID)


def test_the_appid_is_whatever_trails_the_message():
    assert decrypt_push(AES_KEY, push(frame("阿丽".encode(), b"wx-other"))) == ("阿丽", "wx-other")
    assert decrypt_push(AES_KEY, push(frame(b"", b""))) == ("", "")


def test_a_push_opens_though_a_character_in_it_is_cut():
    assert decrypt_push(AES_KEY, push(frame("阿丽".encode()[:-1]))) == ("阿\ufffd", PUSH_APPID)


@pytest.mark.parametrize(
    ("aes_key", "encrypt"),
    [
        pytest.param("B" * 43, ENCRYPT, id="another key"),
        pytest.param("", ENCRYPT, id="no key"),
        pytest.param("A" * 42, ENCRYPT, id="short key"),
        pytest.param("A" * 44, ENCRYPT, id="long key"),
        pytest.param("A" * 20, ENCRYPT, id="key of 15 bytes"),
        pytest.param("阿" * 43, ENCRYPT, id="key not ASCII"),
        pytest.param(AES_KEY, "", id="nothing"),
        pytest.param(AES_KEY, "not base64!", id="not base64"),
        pytest.param(AES_KEY, "\ud800", id="not text"),
        pytest.param(AES_KEY, ENCRYPT[:-4], id="cut inside a block"),
        pytest.param(AES_KEY, ENCRYPT[:128], id="cut between blocks"),
        pytest.param(AES_KEY, push(frame(b"hello")[:15]), id="frame ends in the random part"),
        pytest.param(AES_KEY, push(frame(b"hello")[:18]), id="frame ends in the length"),
        pytest.param(AES_KEY, push(b""), id="frame empty"),
        pytest.param(AES_KEY, push(frame(b"hello", length=24)), id="length one too many"),
        pytest.param(AES_KEY, push(frame(b"hello", length=0xFFFFFFFF)), id="length enormous"),
        pytest.param(AES_KEY, push(frame(b"hello", b"\xff")), id="appid not UTF-8"),
        pytest.param(AES_KEY, push(frame(b"x" * 26) + b"\0" * 32, pad=False), id="pad 0"),
        pytest.param(AES_KEY, push(b"r" * 16 + bytes(15) + b"\x21" * 33, pad=False), id="pad 33"),
        pytest.param(AES_KEY, push(b"r" * 16 + bytes(13) + b"\2\1\3", pad=False), id="pad uneven"),
        pytest.param(AES_KEY, push(frame(b"x" * 6) + b"\x10" * 4, pad=False), id="half a block"),
    ],
)
def test_a_push_that_does_not_open_is_one_error(aes_key, encrypt):
    with pytest.raises(CannotDecrypt) as caught:
        decrypt_push(aes_key, encrypt)

    assert caught.value.args == ()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
