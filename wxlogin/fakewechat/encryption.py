"""WeChat's signatures and encryption."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from Crypto.Cipher import AES

OPEN_DATA_BLOCK = 16  # bytes
PUSH_BLOCK = 32  # bytes
# These members of open data are in encryptedData and missing from rawData.
ENCRYPTED_ONLY = {"watermark", "openId", "unionId"}


def sign_call(body: str, session_key: str) -> str:
    """Sign the body of a platform call. WeChat uses the base64 text of the key here, not the decoded bytes."""
    return hmac.new(session_key.encode(), body.encode(), hashlib.sha256).hexdigest()


def sign_raw_data(raw_data: str, session_key: str) -> str:
    return _sha1(raw_data + session_key)


def sign_push(*parts: str) -> str:
    """Sign token, timestamp and nonce. For a msg_signature, add the encrypted text."""
    return _sha1("".join(sorted(parts)))


def encrypt_open_data(data: Mapping[str, Any], session_key: str) -> dict[str, str]:
    """Return what ``wx.getUserInfo`` and similar calls give to a client."""
    iv = secrets.token_bytes(16)
    raw_data = _compact_json({name: value for name, value in data.items() if name not in ENCRYPTED_ONLY})
    return {
        "encryptedData": encrypt_with_session_key(_compact_json(data), session_key, iv),
        "iv": base64.b64encode(iv).decode(),
        "rawData": raw_data,
        "signature": sign_raw_data(raw_data, session_key),
    }


def encrypt_with_session_key(text: str, session_key: str, iv: bytes) -> str:
    cipher = AES.new(base64.b64decode(session_key), AES.MODE_CBC, iv)
    return base64.b64encode(cipher.encrypt(_pad(text.encode(), OPEN_DATA_BLOCK))).decode()


def encrypt_push(text: str, appid: str, aes_key: str, random_bytes: bytes | None = None) -> str:
    """Encrypt an event. ``random_bytes`` are the 16 bytes at its start; a test may fix them.

    Raise ``ValueError`` if ``aes_key`` isn't an EncodingAESKey.
    """
    key = _decode_aes_key(aes_key)
    message = encode(text)
    length = len(message).to_bytes(4, "big")
    plaintext = (random_bytes or secrets.token_bytes(16)) + length + message + appid.encode()
    cipher = AES.new(key, AES.MODE_CBC, key[:16])
    return base64.b64encode(cipher.encrypt(_pad(plaintext, PUSH_BLOCK))).decode()


def encode(text: str) -> bytes:
    """Return ``text`` in UTF-8. Half a surrogate pair, of an emoji that was cut, gives bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def _decode_aes_key(aes_key: str) -> bytes:
    try:
        key = base64.b64decode(aes_key + "=", validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError("aes_key must be 43 letters and digits, as the console shows it")
    return key


def _pad(data: bytes, block: int) -> bytes:
    missing = block - len(data) % block
    return data + bytes([missing]) * missing


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _compact_json(data: Mapping[str, Any]) -> str:
    return json.dumps(dict(data), ensure_ascii=False, separators=(",", ":"))
