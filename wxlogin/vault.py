"""Sealing of secrets at rest with AES-256-GCM. A sealed value is bound to the row that holds it.

A sealed value is ``version (1) | key id (4) | nonce (12) | tag (16) | ciphertext``, with the lengths in bytes.
The key id says which key opens the value, so keys can rotate without rewriting every row at once. The binding
is authenticated, so a sealed value that is copied into another row does not open there.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from Crypto.Cipher import AES
from Crypto.Random import get_random_bytes

from wxlogin.secret import Secret

VERSION = b"\x01"
KEY_ID, NONCE, TAG = 4, 12, 16


class CannotOpen(Exception):
    """The value is damaged, or it was sealed with a key that isn't listed or for another row."""


class Vault:
    """Seal and open texts. ``keys`` are 32 bytes each: the first one seals, and each of them opens."""

    def __init__(self, keys: Sequence[Secret[bytes]]) -> None:
        self._keys = {_key_id(key): key for key in keys}
        self._first = _key_id(keys[0])

    def seal(self, plaintext: Secret[str], *, bound_to: Sequence[str]) -> bytes:
        """Seal ``plaintext``. ``bound_to`` names the purpose and the row, and ``open`` needs the same names."""
        nonce = get_random_bytes(NONCE)
        cipher = self._cipher(self._first, nonce, bound_to)
        ciphertext, tag = cipher.encrypt_and_digest(plaintext.reveal().encode())
        return b"".join((VERSION, self._first, nonce, tag, ciphertext))

    def open(self, sealed: bytes | memoryview, *, bound_to: Sequence[str]) -> Secret[str]:
        """Return the text that was sealed. Raises ``CannotOpen``."""
        # PostgreSQL returns binary columns as memoryviews.
        sealed = bytes(sealed)
        key_id, rest = sealed[1 : 1 + KEY_ID], sealed[1 + KEY_ID :]
        if sealed[:1] != VERSION or key_id not in self._keys or len(rest) < NONCE + TAG:
            raise CannotOpen
        nonce, tag, ciphertext = rest[:NONCE], rest[NONCE : NONCE + TAG], rest[NONCE + TAG :]
        try:
            return Secret(self._cipher(key_id, nonce, bound_to).decrypt_and_verify(ciphertext, tag).decode())
        except ValueError:
            raise CannotOpen from None

    def is_current(self, sealed: bytes | memoryview) -> bool:
        """True if ``sealed`` names the first key, so that no key rotation is pending for it."""
        return bytes(sealed)[1 : 1 + KEY_ID] == self._first

    def fingerprints(self, text: Secret[str], *, purpose: str) -> list[str]:
        """Return the hex HMACs of ``text``, one for each key, the first key's first.

        Store the first one, and look up rows by any of them. A fingerprint finds equal texts and tells nothing
        about the text, even if the text is short enough to be guessed.
        """
        message = Secret(json.dumps([purpose, text.reveal()]).encode())
        keys = [self._keys[self._first], *self._keys.values()]
        subkeys = dict.fromkeys(map(_subkey, keys))
        return [hmac.new(key.reveal(), message.reveal(), hashlib.sha256).hexdigest() for key in subkeys]

    def _cipher(self, key_id: bytes, nonce: bytes, bound_to: Sequence[str]) -> Any:
        cipher = AES.new(self._keys[key_id].reveal(), AES.MODE_GCM, nonce=nonce, mac_len=TAG)
        # JSON, because joining the parts could give the same bytes for two different lists.
        cipher.update(json.dumps([*bound_to, key_id.hex()]).encode())
        return cipher


def _subkey(key: Secret[bytes]) -> Secret[bytes]:
    """Derive the key for fingerprints, so that no key is used both for sealing and for HMACs."""
    return Secret(hmac.new(key.reveal(), b"wxlogin fingerprint", hashlib.sha256).digest())


# A process has few keys, and each value that is sealed or opened needs their ids.
@lru_cache(maxsize=64)
def _key_id(key: Secret[bytes]) -> bytes:
    return hashlib.sha256(b"wxlogin key id" + key.reveal()).digest()[:KEY_ID]
