"""Sealing of secrets at rest: AES-256-GCM, bound to the row that holds them.

A sealed value is ``version (1) | key id (4) | nonce (12) | tag (16) | ciphertext``. The key id says which key
opens it, so keys rotate without touching every row at once; the binding is authenticated, so a ciphertext
copied into another row does not open there.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from Crypto.Cipher import AES
from Crypto.Random import get_random_bytes

VERSION = b"\x01"
KEY_ID, NONCE, TAG = 4, 12, 16


class CannotOpen(Exception):
    """Sealed with a key that isn't listed, for another row, or damaged."""


class Vault:
    """``keys``: 32 bytes each. The first seals, all open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_key_id(key): key for key in keys}
        self._first = _key_id(keys[0])

    def seal(self, plaintext: str, *, bound_to: Sequence[str]) -> bytes:
        """``bound_to`` names the purpose and the row; ``open`` needs the same."""
        nonce = get_random_bytes(NONCE)
        cipher = self._cipher(self._first, nonce, bound_to)
        ciphertext, tag = cipher.encrypt_and_digest(plaintext.encode())
        return b"".join((VERSION, self._first, nonce, tag, ciphertext))

    def open(self, sealed: bytes | memoryview, *, bound_to: Sequence[str]) -> str:
        """Raises ``CannotOpen``."""
        sealed = bytes(sealed)  # PostgreSQL hands out memoryviews
        key_id, rest = sealed[1 : 1 + KEY_ID], sealed[1 + KEY_ID :]
        if sealed[:1] != VERSION or key_id not in self._keys or len(rest) < NONCE + TAG:
            raise CannotOpen
        nonce, tag, ciphertext = rest[:NONCE], rest[NONCE : NONCE + TAG], rest[NONCE + TAG :]
        try:
            plaintext: bytes = self._cipher(key_id, nonce, bound_to).decrypt_and_verify(ciphertext, tag)
        except ValueError:
            raise CannotOpen from None
        return plaintext.decode()

    def is_current(self, sealed: bytes | memoryview) -> bool:
        """Whether the first key sealed it."""
        return bytes(sealed)[1 : 1 + KEY_ID] == self._first

    def fingerprints(self, text: str, *, purpose: str) -> list[str]:
        """Hex HMACs of ``text``, one a key and the first key's first: store that one, look for any.

        They find what is equal and tell nothing, also of a text that could be guessed.
        """
        message = json.dumps([purpose, text]).encode()
        keys = [self._keys[self._first], *self._keys.values()]
        return list(
            dict.fromkeys(hmac.new(_subkey(key), message, hashlib.sha256).hexdigest() for key in keys)
        )

    def _cipher(self, key_id: bytes, nonce: bytes, bound_to: Sequence[str]) -> Any:
        cipher = AES.new(self._keys[key_id], AES.MODE_GCM, nonce=nonce, mac_len=TAG)
        # JSON, since a plain joint could hold the same bytes for two different lists of parts.
        cipher.update(json.dumps([*bound_to, key_id.hex()]).encode())
        return cipher


def _subkey(key: bytes) -> bytes:
    """For fingerprints; no key has two jobs."""
    return hmac.new(key, b"wxlogin fingerprint", hashlib.sha256).digest()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"wxlogin key id" + key).digest()[:KEY_ID]
