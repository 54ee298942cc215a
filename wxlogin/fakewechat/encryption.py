"""How WeChat signs and encrypts."""

import base64
import hashlib
import hmac
import secrets

from Crypto.Cipher import AES

OPEN_DATA_BLOCK = 16
PUSH_BLOCK = 32


def sign(message: str, session_key: str) -> str:
    """With the key as the text it is, not with the bytes it stands for."""
    return hmac.new(session_key.encode(), message.encode(), hashlib.sha256).hexdigest()


def sign_raw_data(raw_data: str, session_key: str) -> str:
    return _sha1(raw_data + session_key)


def sign_push(*parts: str) -> str:
    """Of token, timestamp and nonce, in a msg_signature also of what is encrypted."""
    return _sha1("".join(sorted(parts)))


def encrypt_open_data(text: str, session_key: str, iv: bytes) -> str:
    cipher = AES.new(base64.b64decode(session_key), AES.MODE_CBC, iv)
    return base64.b64encode(cipher.encrypt(_pad(text.encode(), OPEN_DATA_BLOCK))).decode()


def encrypt_push(text: str, appid: str, aes_key: str, noise: bytes | None = None) -> str:
    """Raises ``ValueError`` if ``aes_key`` is no EncodingAESKey."""
    key = _decode_aes_key(aes_key)
    message = text.encode()
    frame = (noise or secrets.token_bytes(16)) + len(message).to_bytes(4, "big") + message + appid.encode()
    cipher = AES.new(key, AES.MODE_CBC, key[:16])
    return base64.b64encode(cipher.encrypt(_pad(frame, PUSH_BLOCK))).decode()


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
