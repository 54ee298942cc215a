"""Feed any text to the functions that decrypt and sign: they return a value or raise ``CannotDecrypt``."""

import base64
import json
from contextlib import suppress

import atheris
from Crypto.Cipher import AES

from tests.helpers.plain import decrypt_open_data, decrypt_push, push_signature, raw_data_signature
from wxlogin.wechat.crypto import CannotDecrypt

MAX = 66_000
KEY, IV = bytes(16), bytes(range(16))
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def run(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    kind = provider.ConsumeIntInRange(0, 4)
    with suppress(CannotDecrypt):
        if kind == 0:
            key, iv = provider.ConsumeUnicode(40), provider.ConsumeUnicode(40)
            _check(decrypt_open_data(key, provider.ConsumeUnicode(MAX), iv))
        elif kind == 1:
            # With the right key, so that the padding and the JSON below it are reached.
            encrypted = _encrypted(KEY, IV, provider.ConsumeBytes(MAX), 16)
            _check(decrypt_open_data(_text(KEY), encrypted, _text(IV)))
        elif kind == 2:
            decrypt_push(provider.ConsumeUnicode(50), provider.ConsumeUnicode(MAX))
        elif kind == 3:
            key = base64.b64decode(AES_KEY + "=")
            message, appid = decrypt_push(AES_KEY, _encrypted(key, key[:16], provider.ConsumeBytes(MAX), 32))
            (message + appid).encode()
        else:
            text = provider.ConsumeUnicode(MAX)
            assert len(push_signature(text, "1", text)) == len(raw_data_signature(text, text)) == 40


def _encrypted(key: bytes, iv: bytes, content: bytes, block: int) -> str:
    """Encrypt ``content``, padded to whole blocks unless it has its own padding."""
    missing = -len(content) % block
    padded = content + bytes([missing]) * missing
    return _text(AES.new(key, AES.MODE_CBC, iv=iv).encrypt(padded))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _check(opened: object) -> None:
    """Fail for what couldn't be sent as an answer."""
    assert isinstance(opened, dict)
    json.dumps(opened, allow_nan=False, ensure_ascii=False).encode()
