"""Who has which session_key in which app. The lock of whoever owns this guards it."""

import base64
import itertools
import secrets
from dataclasses import dataclass

from wxlogin.fakewechat import encryption
from wxlogin.fakewechat.messages import Refusal


@dataclass
class SessionKey:
    value: str
    serial: int  # of the code it came with: the higher one is the later login
    alive: bool = True


class SessionKeys:
    def __init__(self) -> None:
        self._keys: dict[str, dict[str, SessionKey]] = {}  # by openid, then by appid
        self._serials = itertools.count()

    def make(self) -> SessionKey:
        return SessionKey(base64.b64encode(secrets.token_bytes(16)).decode(), next(self._serials))

    def go_live(self, openid: str, appid: str, key: SessionKey) -> None:
        """Unless a later key has been there before."""
        keys = self._keys.setdefault(openid, {})
        if appid not in keys or keys[appid].serial < key.serial:
            keys[appid] = key

    def live(self, openid: str, appid: str) -> str | None:
        key = self._keys.get(openid, {}).get(appid)
        return key.value if key and key.alive else None

    def only_app_of(self, openid: str) -> str:
        """Where the person has a live key. Raises ``ValueError`` if that isn't exactly one app."""
        appids = [appid for appid, key in self._keys.get(openid, {}).items() if key.alive]
        if len(appids) != 1:
            raise ValueError(
                f"{openid} has a live session_key in {' and '.join(appids) or 'no app'}: give appid"
            )
        return appids[0]

    def check(self, openid: str, appid: str, signature: str) -> None:
        """Raises ``Refusal`` unless the live key made the signature."""
        homes = self._keys.get(openid, {})
        if homes and appid not in homes:
            raise Refusal(40003)  # an openid belongs to one app
        key = self.live(openid, appid)
        if key is None:
            raise Refusal(87007)
        if signature != encryption.sign("", key):
            raise Refusal(87009)

    def expire(self, openid: str) -> None:
        for key in self._keys.get(openid, {}).values():
            key.alive = False
