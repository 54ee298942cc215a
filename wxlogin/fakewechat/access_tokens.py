"""The access_tokens that stable_token returns."""

import math
import secrets
from dataclasses import dataclass

from wxlogin.fakewechat.messages import Refusal

LIFETIME = 7200  # seconds
# Two tokens of one app, the old and the new, are both valid for this many seconds.
OVERLAP = 5 * 60
# A forced refresh that comes sooner after the last one refreshes nothing.
FORCED_REFRESH_INTERVAL = 30  # seconds


@dataclass
class IssuedToken:
    value: str
    appid: str
    expires_at: float


class TokenStore:
    """All access_tokens of all apps. ``WeChat`` guards them with its lock."""

    def __init__(self) -> None:
        self._by_value: dict[str, IssuedToken] = {}
        self._latest: dict[str, IssuedToken] = {}
        self._last_forced_refresh: dict[str, float] = {}

    def get(self, appid: str, now: float, force_refresh: bool = False) -> IssuedToken:
        """Return the app's token. It stays the same until shortly before its end, or a forced refresh."""
        last_forced_refresh = self._last_forced_refresh.get(appid, -math.inf)
        if force_refresh and now - last_forced_refresh >= FORCED_REFRESH_INTERVAL:
            self._last_forced_refresh[appid] = now
            self._delete(appid)
        latest = self._latest.get(appid)
        if latest is None or latest.expires_at - now <= OVERLAP:
            return self._renew(appid, latest, now)
        return latest

    def appid_of(self, value: str, now: float) -> str:
        """Return the app that this token belongs to. Raise ``Refusal`` if the token isn't valid."""
        if not value:
            raise Refusal(41001)
        if value not in self._by_value:
            raise Refusal(40001)
        token = self._by_value[value]
        if token.expires_at <= now:
            raise Refusal(42001)
        return token.appid

    def expire_all(self, now: float) -> None:
        for token in self._by_value.values():
            token.expires_at = min(token.expires_at, now)

    def _renew(self, appid: str, latest: IssuedToken | None, now: float) -> IssuedToken:
        if latest and latest.expires_at > now:
            latest.expires_at = now + OVERLAP
        token = IssuedToken(secrets.token_urlsafe(102), appid, now + LIFETIME)
        self._by_value[token.value] = self._latest[appid] = token
        return token

    def _delete(self, appid: str) -> None:
        self._latest.pop(appid, None)
        self._by_value = {value: token for value, token in self._by_value.items() if token.appid != appid}
