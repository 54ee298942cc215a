"""What stable_token gives out. The lock of whoever owns this guards it."""

import math
import secrets
from dataclasses import dataclass

from wxlogin.fakewechat.messages import Refusal

LIFETIME = 7200
OVERLAP = 5 * 60  # seconds in which a token and the one after it are both good
FORCED_APART = 30  # seconds between two forced refreshes; one that comes earlier refreshes nothing


@dataclass
class AccessToken:
    value: str
    appid: str
    expires_at: float


class AccessTokens:
    def __init__(self) -> None:
        self._by_value: dict[str, AccessToken] = {}
        self._latest: dict[str, AccessToken] = {}
        self._forced_at: dict[str, float] = {}

    def give(self, appid: str, now: float, force_refresh: bool = False) -> AccessToken:
        """The app's token: the same one until shortly before its end, unless a refresh is forced."""
        if force_refresh and now - self._forced_at.get(appid, -math.inf) >= FORCED_APART:
            self._forced_at[appid] = now
            self._kill(appid)
        latest = self._latest.get(appid)
        if latest is None or latest.expires_at - now <= OVERLAP:
            return self._renew(appid, latest, now)
        return latest

    def appid_of(self, value: str, now: float) -> str:
        """Whose token this is. Raises ``Refusal``."""
        if not value:
            raise Refusal(41001)
        if value not in self._by_value:
            raise Refusal(40001)
        token = self._by_value[value]
        if token.expires_at <= now:
            raise Refusal(42001)
        return token.appid

    def expire(self, now: float) -> None:
        for token in self._by_value.values():
            token.expires_at = min(token.expires_at, now)

    def _renew(self, appid: str, latest: AccessToken | None, now: float) -> AccessToken:
        if latest and latest.expires_at > now:
            latest.expires_at = now + OVERLAP
        token = AccessToken(secrets.token_urlsafe(102), appid, now + LIFETIME)
        self._by_value[token.value] = self._latest[appid] = token
        return token

    def _kill(self, appid: str) -> None:
        self._latest.pop(appid, None)
        self._by_value = {value: token for value, token in self._by_value.items() if token.appid != appid}
