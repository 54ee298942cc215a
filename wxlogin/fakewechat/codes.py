"""What the client gets and the backend trades in."""

from dataclasses import dataclass

from wxlogin.fakewechat.session_keys import SessionKey

LIFETIME = 5 * 60


@dataclass(kw_only=True)
class Code:
    openid: str
    appid: str | None  # None: good in any app
    made_at: float
    used: bool = False

    def is_good_in(self, appid: str, now: float) -> bool:
        """Used or not."""
        return self.appid in (None, appid) and now - self.made_at < LIFETIME


@dataclass(kw_only=True)
class LoginCode(Code):
    key: SessionKey
