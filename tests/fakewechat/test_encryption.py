"""The vectors that WeChat has published, and two derived from them."""

import base64
import hashlib
import json
import struct

import pytest
from Crypto.Cipher import AES
from Crypto.Util.Padding import unpad

from wxlogin.fakewechat import encryption

AES_KEY = "A" * 43
APPID = "wxba5fad812f8e6fb9"
PUSHED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsX"
    "UnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajA"
    "sjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
PUSHED_TEXT = (
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,'
    '"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}'
)
REPLIED = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
OPEN_DATA = json.dumps(
    {
        "openId": "oGZUI0egBJY1zhBYw2KhdUfwVJJE",
        "nickName": "Band",
        "gender": 1,
        "language": "zh_CN",
        "city": "Guangzhou",
        "province": "Guangdong",
        "country": "CN",
        "avatarUrl": "http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo"
        "8ibKicsnfN5pRjl1p8HQ/0",
        "unionId": "ocMvos6NjeKLIBqg5Mr9QjxrP1FA",
        "watermark": {"timestamp": 1477314187, "appid": "wx4f4bc4dec97d474b"},
    },
    separators=(",", ":"),
)
RAW_DATA = (
    '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN",'
    '"avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpuj'
    'xyzYsrztuuICqIM5ibXQ/0"}'
)


def decrypt_push(encrypted, aes_key=AES_KEY):
    """The message and the appid behind it, read as a backend has to."""
    key = base64.b64decode(aes_key + "=")
    frame = unpad(AES.new(key, AES.MODE_CBC, key[:16]).decrypt(base64.b64decode(encrypted)), 32)
    (length,) = struct.unpack(">I", frame[16:20])
    return frame[20 : 20 + length].decode(), frame[20 + length :].decode()


def decrypt_open_data(encrypted, session_key, iv):
    cipher = AES.new(base64.b64decode(session_key), AES.MODE_CBC, base64.b64decode(iv))
    return unpad(cipher.decrypt(base64.b64decode(encrypted)), 16).decode()


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
    assert encryption.sign(message, session_key) == signature


def test_signing_raw_data():
    signature = encryption.sign_raw_data(RAW_DATA, "HyVFkGl5F5OQWJZZaNzBBg==")

    assert signature == "75e81ceda165f4ffa64f4068af58c64b8f54b88c"


@pytest.mark.parametrize(
    ("parts", "signature"),
    [
        (["1714036504", "1514711492"], "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (["1714037059", "486452656"], "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (["1714112445", "415670741"], "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (["1714112445", "415670741", PUSHED], "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        (["1713424427", "415670741", REPLIED], "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"),
    ],
)
def test_signing_a_push(parts, signature):
    assert encryption.sign_push("AAAAA", *parts) == signature


def test_encrypting_open_data():
    encrypted = encryption.encrypt_open_data(
        OPEN_DATA, "tiihtNczf5v6AKRyjwEUhQ==", base64.b64decode("r7BXXKkLb8qrSNn05n0qiA==")
    )

    assert encrypted.startswith(
        "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4o"
    )
    digest = hashlib.sha256(encrypted.encode()).hexdigest()
    assert digest == "7842122eb129390ef7ca47b91ae8d142553fc5849eaad857552491f090118a51"


@pytest.mark.parametrize(
    ("text", "noise", "encrypted"),
    [
        (PUSHED_TEXT, b"a8eedb185eb2fecf", PUSHED),
        ('{"demo_resp":"good luck"}', b"707722b803182950", REPLIED),
    ],
)
def test_encrypting_a_push(text, noise, encrypted):
    assert encryption.encrypt_push(text, APPID, AES_KEY, noise) == encrypted


def test_these_tests_read_a_push_as_wechat_wrote_it():
    assert decrypt_push(PUSHED) == (PUSHED_TEXT, APPID)


@pytest.mark.parametrize("length", range(33))
def test_a_push_of_any_length_can_be_read(length):
    encrypted = encryption.encrypt_push("x" * length, APPID, AES_KEY)

    assert len(base64.b64decode(encrypted)) % 32 == 0
    assert decrypt_push(encrypted) == ("x" * length, APPID)


def test_the_same_push_is_never_encrypted_alike():
    assert len({encryption.encrypt_push("same", APPID, AES_KEY) for _ in range(9)}) == 9


@pytest.mark.parametrize("aes_key", ["", "A" * 42, "A" * 44, "A" * 42 + "!", "阿" * 43])
def test_what_is_no_aes_key_is_refused(aes_key):
    with pytest.raises(ValueError, match="aes_key must be 43"):
        encryption.encrypt_push("text", APPID, aes_key)
