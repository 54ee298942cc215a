"""Decrypt what the fake has encrypted, as a backend does."""

import base64
import struct

from Crypto.Cipher import AES
from Crypto.Util.Padding import unpad

from tests.helpers.vectors import AES_KEY


def decrypt_push(encrypted, aes_key=AES_KEY):
    """Return the message, and the appid that follows it."""
    key = base64.b64decode(aes_key + "=")
    frame = unpad(AES.new(key, AES.MODE_CBC, key[:16]).decrypt(base64.b64decode(encrypted)), 32)
    (length,) = struct.unpack(">I", frame[16:20])
    return frame[20 : 20 + length].decode(), frame[20 + length :].decode()


def decrypt_open_data(encrypted, session_key, iv):
    cipher = AES.new(base64.b64decode(session_key), AES.MODE_CBC, base64.b64decode(iv))
    return unpad(cipher.decrypt(base64.b64decode(encrypted)), 16).decode()
