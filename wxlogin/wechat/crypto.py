"""WeChat's own cryptography: open data, signatures and pushed messages.

Two differences are easy to miss. A signature uses the session_key as base64 *text*, a cipher uses it *decoded*.
Open data is padded to 16 bytes, a pushed message to 32.
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

from wxlogin.secret import PrivateDict, Secret


class CannotDecrypt(Exception):
    """The encrypted data can't be decrypted.

    A wrong key, padding, encoding or shape all raise this one error. Telling them apart would give an attacker
    a padding oracle.
    """


def decrypt_open_data(session_key: Secret[str], encrypted_data: Secret[str], iv: Secret[str]) -> PrivateDict:
    """Decrypt ``encryptedData`` and return the object in it. Raises ``CannotDecrypt``.

    All three arguments are base64 text. The caller has to check ``watermark`` and ``openId``: decrypting proves
    neither whose data it is nor how old it is.
    (developers.weixin.qq.com: framework/open-ability/signature)
    """
    data: Any = None
    with suppress(ValueError, RecursionError):
        cipher = AES.new(_block(session_key), AES.MODE_CBC, iv=_block(iv))
        plaintext = Secret(
            unpad(cipher.decrypt(base64.b64decode(encrypted_data.reveal(), validate=True)), 16)
        )
        content = json.loads(plaintext.reveal().decode("utf-8"), object_hook=PrivateDict)
        # Open data carries no signature, so anything can be in it. json.loads accepts NaN and half surrogate
        # pairs, which would break the answer that repeats them.
        json.dumps(content, allow_nan=False, ensure_ascii=False).encode()
        data = content
    if not isinstance(data, PrivateDict):
        raise CannotDecrypt
    return data


def session_signature(session_key: Secret[str], message: bytes = b"") -> Secret[str]:
    """Return the hex HMAC-SHA256 that proves to WeChat that we have the session_key.

    A GET signs the empty message.

    (developers.weixin.qq.com: api_checksessionkey)
    """
    return Secret(hmac.new(session_key.reveal().encode(), message, hashlib.sha256).hexdigest())


def raw_data_signature(raw_data: Secret[str], session_key: Secret[str]) -> Secret[str]:
    """Return the hex SHA-1 that WeChat sends with ``rawData``.

    Pass the string exactly as it was received: JSON that is serialised again gives another signature.
    """
    return _sha1(raw_data, session_key)


def push_signature(*parts: Secret[str]) -> Secret[str]:
    """Return the hex SHA-1 over the sorted token, timestamp, nonce and, in secure mode, ``Encrypt``.

    (developers.weixin.qq.com: framework/server-ability/message-push)
    """
    return _sha1(*sorted(parts, key=Secret.reveal))


def decrypt_push(aes_key: Secret[str], encrypt: Secret[str]) -> tuple[Secret[bytes], str]:
    """Decrypt ``Encrypt`` and return the message and the appid in it. Raises ``CannotDecrypt``.

    The message should be UTF-8, but a text in it may have been cut in the middle of a character.
    ``aes_key`` is the EncodingAESKey of 43 characters. The caller has to compare the appid with its own.
    (developers.weixin.qq.com: framework/server-ability/message-push)
    """
    try:
        key = Secret(base64.b64decode(aes_key.reveal() + "=", validate=True))
        cipher = AES.new(key.reveal(), AES.MODE_CBC, iv=key.reveal()[:16])
        frame = Secret(unpad(cipher.decrypt(base64.b64decode(encrypt.reveal(), validate=True)), 32))
        end = 20 + int.from_bytes(frame.reveal()[16:20], "big")
        if len(frame) < end:
            raise ValueError
        return Secret(frame.reveal()[20:end]), frame.reveal()[end:].decode("utf-8")
    except ValueError:
        raise CannotDecrypt from None


def encrypt_push(aes_key: str, message: str, appid: str, *, random: bytes | None = None) -> str:
    """Return ``Encrypt`` for a message, as WeChat encrypts what it pushes. The inverse of ``decrypt_push``.

    Pass ``random``, 16 bytes, for a result that is always the same.
    (developers.weixin.qq.com: framework/server-ability/message-push)
    """
    key = base64.b64decode(aes_key + "=", validate=True)
    content = message.encode()
    frame = (random or get_random_bytes(16)) + len(content).to_bytes(4, "big") + content + appid.encode()
    cipher = AES.new(key, AES.MODE_CBC, iv=key[:16])
    return base64.b64encode(cipher.encrypt(pad(frame, 32))).decode()


def _sha1(*parts: Secret[str]) -> Secret[str]:
    """Return the hex SHA-1 of ``parts``, joined. An untrusted text may hold half surrogate pairs, which UTF-8 lacks."""
    sha1 = hashlib.sha1()  # noqa: S324  WeChat's choice
    for part in parts:
        sha1.update(part.reveal().encode("utf-8", "surrogatepass"))
    return Secret(sha1.hexdigest())


def _block(text: Secret[str]) -> bytes:
    block = base64.b64decode(text.reveal(), validate=True)
    if len(block) != 16:
        raise ValueError
    return block
