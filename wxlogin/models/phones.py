"""A phone number at rest: sealed, with a keyed hash to search by."""

import json
import re

from wxlogin.sealing import vault
from wxlogin.secret import PrivateStr, Secret
from wxlogin.wechat.results import PhoneNumber

PURPOSE = "phone"
MAX_COUNTRY_CODE_LENGTH = 3


def seal(phone: PhoneNumber, *, appid: str, openid: str) -> bytes:
    text = Secret(json.dumps([phone.country_code, phone.number]))
    return vault().seal(text, bound_to=(PURPOSE, appid, openid))


def open_sealed(sealed: bytes | memoryview, *, appid: str, openid: str) -> PhoneNumber:
    """Return the phone that ``seal`` sealed. Raises ``CannotOpen``."""
    text = vault().open(sealed, bound_to=(PURPOSE, appid, openid))
    country_code, number = map(PrivateStr, json.loads(text.reveal()))
    return PhoneNumber(number, str(country_code))


def fingerprint(phone: PhoneNumber) -> str:
    """Return a keyed hash of the number alone: staff who search may not know the country code."""
    return vault().fingerprints(Secret(phone.number), purpose=PURPOSE)[0]


def fingerprints_of(text: str) -> list[str]:
    """Return the hashes of every number that ``text``, as a person types it, may mean. Empty if it is no number."""
    if not re.fullmatch(r"(\+|00)?[0-9 ()-]{4,32}", text.strip()):
        return []
    international = re.match(r"\s*(\+|00)", text)
    digits = re.sub(r"\D", "", text.strip().removeprefix("00") if international else text)
    cut = range(MAX_COUNTRY_CODE_LENGTH + 1) if international else [0]
    keys = vault()
    return [found for start in cut for found in keys.fingerprints(Secret(digits[start:]), purpose=PURPOSE)]
