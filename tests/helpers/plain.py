"""Functions of wxlogin that take and return secrets, for tests that have plain texts."""

from typing import Any

from wxlogin.secret import Secret
from wxlogin.wechat import crypto
from wxlogin.wechat.crypto import encrypt_push as encrypt_push


def decrypt_open_data(*texts: str) -> dict[str, Any]:
    return crypto.decrypt_open_data(*map(Secret, texts))


def decrypt_push(*texts: str) -> tuple[str, str]:
    message, appid = crypto.decrypt_push(*map(Secret, texts))
    return message.reveal().decode("utf-8", "replace"), appid


def session_signature(session_key: str, message: bytes = b"") -> str:
    return crypto.session_signature(Secret(session_key), message).reveal()


def raw_data_signature(*texts: str) -> str:
    return crypto.raw_data_signature(*map(Secret, texts)).reveal()


def push_signature(*texts: str) -> str:
    return crypto.push_signature(*map(Secret, texts)).reveal()
