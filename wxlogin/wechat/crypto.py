"""WeChat's own cryptography: open data, signatures, message push.

Two rules that look alike and differ: a signature takes the session_key as its base64 *text*, a cipher takes
it *decoded*; open data is padded to 16 bytes, message push to 32.
"""

import base64
import hashlib
import hmac
import json
from contextlib import suppress
from typing import Any

from Crypto.Cipher import AES
from Crypto.Random import get_random_bytes
from Crypto.Util.Padding import pad, unpad


class CannotDecrypt(Exception):
    """One error for a wrong key, padding, encoding or shape: anything finer would be a padding oracle."""


def decrypt_open_data(session_key: str, encrypted_data: str, iv: str) -> dict[str, Any]:
    """The object behind ``encryptedData``; all three arguments are base64 text. Raises ``CannotDecrypt``.

    Says nothing about who it is about or when it was made: compare ``watermark`` and ``openId`` yourself.
    (developers.weixin.qq.com: framework/open-ability/signature)
    """
    data: Any = None
    with suppress(ValueError, RecursionError):
        cipher = AES.new(_block(session_key), AES.MODE_CBC, iv=_block(iv))
        plaintext = unpad(cipher.decrypt(base64.b64decode(encrypted_data, validate=True)), 16)
        content = json.loads(plaintext.decode("utf-8"))
        # Nobody signed this: NaN and halves of characters pass json.loads and break the answer that repeats them.
        json.dumps(content, allow_nan=False, ensure_ascii=False).encode()
        data = content
    if not isinstance(data, dict):
        raise CannotDecrypt
    return data


def session_signature(session_key: str, message: bytes = b"") -> str:
    """Hex HMAC-SHA256 that proves possession of a session_key; a GET signs the empty message.

    (developers.weixin.qq.com: api_checksessionkey)
    """
    return hmac.new(session_key.encode(), message, hashlib.sha256).hexdigest()


def raw_data_signature(raw_data: str, session_key: str) -> str:
    """Hex SHA-1 that comes with ``rawData``; pass the string as received, not one made anew."""
    return _sha1(raw_data + session_key)


def push_signature(*parts: str) -> str:
    """Hex SHA-1 over the sorted token, timestamp, nonce and, in secure mode, ``Encrypt``.

    (developers.weixin.qq.com: framework/server-ability/message-push)
    """
    return _sha1("".join(sorted(parts)))


def decrypt_push(aes_key: str, encrypt: str) -> tuple[str, str]:
    """(message, appid) behind ``Encrypt``; ``aes_key`` is the 43-character EncodingAESKey.

    Raises ``CannotDecrypt``. The caller compares the appid with its own.
    """
    try:
        key = base64.b64decode(aes_key + "=", validate=True)
        cipher = AES.new(key, AES.MODE_CBC, iv=key[:16])
        frame = unpad(cipher.decrypt(base64.b64decode(encrypt, validate=True)), 32)
        end = 20 + int.from_bytes(frame[16:20], "big")
        if len(frame) < end:
            raise ValueError
        return frame[20:end].decode("utf-8"), frame[end:].decode("utf-8")
    except ValueError:
        raise CannotDecrypt from None


def encrypt_push(aes_key: str, message: str, appid: str, *, random: bytes | None = None) -> str:
    """``Encrypt`` of a reply, or of a message as WeChat makes it; the way back of ``decrypt_push``.

    ``random``: 16 bytes, for those who want to know the outcome. (framework/server-ability/message-push)
    """
    key = base64.b64decode(aes_key + "=", validate=True)
    content = message.encode()
    frame = (random or get_random_bytes(16)) + len(content).to_bytes(4, "big") + content + appid.encode()
    cipher = AES.new(key, AES.MODE_CBC, iv=key[:16])
    return base64.b64encode(cipher.encrypt(pad(frame, 32))).decode()


def _sha1(text: str) -> str:
    """Of anything, also of what a stranger made up and no UTF-8 can say."""
    return hashlib.sha1(text.encode("utf-8", "surrogatepass")).hexdigest()  # noqa: S324  WeChat's choice


def _block(text: str) -> bytes:
    block = base64.b64decode(text, validate=True)
    if len(block) != 16:
        raise ValueError
    return block
