"""People, their phone numbers, and the codes that a client gets for them."""

import re
import secrets
from dataclasses import dataclass
from typing import Any, TypedDict

from wxlogin.fakewechat.session_keys import IssuedKey

CODE_LIFETIME = 5 * 60  # seconds
CHINA = 86
FOREIGN_PHONE = re.compile(r"\+([1-9][0-9]{0,2}) ([0-9]+)")


class PersonFields(TypedDict, total=False):
    unionid: str | None
    phone: str | None
    nickname: str | None


@dataclass(frozen=True)
class Person:
    openid: str
    unionid: str | None = None
    phone: str | None = None
    nickname: str | None = None


@dataclass(kw_only=True)
class Code:
    """A code that the client gets and the backend exchanges. ``appid=None`` is valid in any app."""

    openid: str
    appid: str | None
    made_at: float
    used: bool = False

    def is_valid_in(self, appid: str, now: float) -> bool:
        """True if the code is of this app and hasn't expired. It may be used already."""
        return self.appid in (None, appid) and now - self.made_at < CODE_LIFETIME


@dataclass(kw_only=True)
class LoginCode(Code):
    key: IssuedKey


def check_phone(phone: str | None) -> None:
    """Raise ``ValueError`` if a plus isn't followed by a country code, a space and a number."""
    if phone and phone.startswith("+") and not FOREIGN_PHONE.fullmatch(phone):
        raise ValueError("a phone with a plus must look like +852 51234567")


def random_phone() -> str:
    return f"138{secrets.randbelow(10**8):08}"


def phone_info(phone: str) -> dict[str, Any]:
    """Describe a phone as WeChat does. A number without a plus is Chinese.

    ``phoneNumber`` starts with the country code if the country isn't China.
    """
    foreign = FOREIGN_PHONE.fullmatch(phone)
    country, number = (int(foreign[1]), foreign[2]) if foreign else (CHINA, phone)
    return {
        "phoneNumber": number if country == CHINA else f"{country}{number}",
        "purePhoneNumber": number,
        # The documentation says a string, but the platform sends a number.
        "countryCode": country,
    }
