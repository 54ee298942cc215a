"""The test vectors that WeChat has published, and two derived from them."""

import base64
import hashlib
import json

import pytest

from tests.fakewechat.decryption import decrypt_push
from tests.helpers import vectors
from tests.helpers.vectors import AES_KEY, ENCRYPT, PUSH_APPID, PUSHED, RAW_DATA, REPLY
from wxlogin.fakewechat import encryption

OPEN_DATA = json.dumps(vectors.OPEN_DATA, separators=(",", ":"))


@pytest.mark.parametrize(
    ("session_key", "message", "signature"),
    [
        (
            "o0q0otL8aEzpcZL/FT9WsQ==",
            '{"foo":"bar"}',
            "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b",
        ),
        (
            "o0q0otL8aEzpcZL/FT9WsQ==",
            "",
            "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128",
        ),
        (
            "tiihtNczf5v6AKRyjwEUhQ==",
            "",
            "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735",
        ),
    ],
)
def test_signing_with_a_session_key(session_key, message, signature):
    assert encryption.sign_call(message, session_key) == signature


def test_signing_raw_data():
    signature = encryption.sign_raw_data(RAW_DATA, "HyVFkGl5F5OQWJZZaNzBBg==")

    assert signature == "75e81ceda165f4ffa64f4068af58c64b8f54b88c"


@pytest.mark.parametrize(
    ("parts", "signature"),
    [
        (["1714036504", "1514711492"], "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (["1714037059", "486452656"], "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (["1714112445", "415670741"], "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (["1714112445", "415670741", ENCRYPT], "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        (["1713424427", "415670741", REPLY], "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"),
    ],
)
def test_signing_a_push(parts, signature):
    assert encryption.sign_push("AAAAA", *parts) == signature


def test_encrypting_open_data():
    encrypted = encryption.encrypt_with_session_key(
        OPEN_DATA, "tiihtNczf5v6AKRyjwEUhQ==", base64.b64decode("r7BXXKkLb8qrSNn05n0qiA==")
    )

    assert encrypted.startswith(
        "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4o"
    )
    digest = hashlib.sha256(encrypted.encode()).hexdigest()
    assert digest == "7842122eb129390ef7ca47b91ae8d142553fc5849eaad857552491f090118a51"


@pytest.mark.parametrize(
    ("text", "random_bytes", "encrypted"),
    [
        (PUSHED, b"a8eedb185eb2fecf", ENCRYPT),
        ('{"demo_resp":"good luck"}', b"707722b803182950", REPLY),
    ],
)
def test_encrypting_a_push(text, random_bytes, encrypted):
    assert encryption.encrypt_push(text, PUSH_APPID, AES_KEY, random_bytes) == encrypted


def test_these_tests_read_a_push_as_wechat_wrote_it():
    assert decrypt_push(ENCRYPT) == (PUSHED, PUSH_APPID)


@pytest.mark.parametrize("length", range(33))
def test_a_push_of_any_length_can_be_read(length):
    encrypted = encryption.encrypt_push("x" * length, PUSH_APPID, AES_KEY)

    assert len(base64.b64decode(encrypted)) % 32 == 0
    assert decrypt_push(encrypted) == ("x" * length, PUSH_APPID)


def test_the_same_push_is_never_encrypted_alike():
    assert len({encryption.encrypt_push("same", PUSH_APPID, AES_KEY) for _ in range(9)}) == 9


@pytest.mark.parametrize("aes_key", ["", "A" * 42, "A" * 44, "A" * 42 + "!", "阿" * 43])
def test_what_is_no_aes_key_is_refused(aes_key):
    with pytest.raises(ValueError, match="aes_key must be 43"):
        encryption.encrypt_push("text", PUSH_APPID, aes_key)
