"""The results of calls to WeChat, as values."""

from dataclasses import dataclass, field

from wxlogin.secret import Secret


@dataclass(frozen=True)
class Code2Session:
    """The identity that a code belongs to. ``unionid`` is empty if the app is bound to no open platform."""

    openid: str
    session_key: Secret[str]
    unionid: str = ""


@dataclass(frozen=True)
class AccessToken:
    """WeChat's credential for one app. It is valid for ``expires_in`` more seconds."""

    value: Secret[str]
    expires_in: int


@dataclass(frozen=True)
class PhoneNumber:
    """A phone number: ``number`` without the country code, and ``country_code``, both digits only."""

    number: str = field(repr=False)
    country_code: str
