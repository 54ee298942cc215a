"""The session_key of each person in each app."""

import base64
import itertools
import secrets
from dataclasses import dataclass

from wxlogin.fakewechat import encryption
from wxlogin.fakewechat.messages import Refusal


@dataclass
class IssuedKey:
    """``serial`` orders the logins: a key with a higher one comes from a later login."""

    value: str
    serial: int
    is_live: bool = True


class KeyStore:
    """The latest key for each openid and appid. ``WeChat`` guards them with its lock."""

    def __init__(self) -> None:
        # By openid, then by appid.
        self._keys: dict[str, dict[str, IssuedKey]] = {}
        self._serials = itertools.count()

    def make(self) -> IssuedKey:
        return IssuedKey(base64.b64encode(secrets.token_bytes(16)).decode(), next(self._serials))

    def activate(self, openid: str, appid: str, key: IssuedKey) -> None:
        """Make this the person's key in the app, unless they already had one from a later login."""
        keys = self._keys.setdefault(openid, {})
        if appid not in keys or keys[appid].serial < key.serial:
            keys[appid] = key

    def live_key(self, openid: str, appid: str) -> str | None:
        key = self._keys.get(openid, {}).get(appid)
        return key.value if key and key.is_live else None

    def only_app(self, openid: str) -> str:
        """Return the one app in which the person has a live key.

        Raise ``ValueError`` if there is no such app, or more than one.
        """
        appids = [appid for appid, key in self._keys.get(openid, {}).items() if key.is_live]
        if len(appids) != 1:
            raise ValueError(
                f"{openid} has a live session_key in {' and '.join(appids) or 'no app'}: give appid"
            )
        return appids[0]

    def check(self, openid: str, appid: str, signature: str) -> None:
        """Raise ``Refusal`` unless the signature was made with the live key."""
        keys = self._keys.get(openid, {})
        # An openid belongs to one app.
        if keys and appid not in keys:
            raise Refusal(40003)
        key = self.live_key(openid, appid)
        if key is None:
            raise Refusal(87007)
        if signature != encryption.sign_call("", key):
            raise Refusal(87009)

    def expire(self, openid: str) -> None:
        """End the person's keys in every app."""
        for key in self._keys.get(openid, {}).values():
            key.is_live = False
