"""What WeChat's answers hold."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Code2Session:
    """Who a code belongs to. ``unionid`` is empty where the app is bound to no open-platform account."""

    openid: str
    session_key: str = field(repr=False)
    unionid: str = ""


@dataclass(frozen=True)
class AccessToken:
    """WeChat's credential for one app; ``expires_in`` seconds are left of it."""

    value: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True)
class PhoneNumber:
    """``number`` without the country code, both as digits."""

    number: str = field(repr=False)
    country_code: str
