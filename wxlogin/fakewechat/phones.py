"""Phone numbers as WeChat writes them."""

import re
import secrets
from typing import Any

FOREIGN = re.compile(r"\+([1-9][0-9]{0,2}) ([0-9]+)")
CHINA = 86


def check_phone(phone: str | None) -> None:
    """Raises ``ValueError`` for a plus that isn't followed by country code, blank and number."""
    if phone and phone.startswith("+") and not FOREIGN.fullmatch(phone):
        raise ValueError("a phone with a plus must look like +852 51234567")


def make_up_phone() -> str:
    return f"138{secrets.randbelow(10**8):08}"


def phone_info(phone: str) -> dict[str, Any]:
    """Without a plus it is Chinese. A country code of another country leads ``phoneNumber``."""
    foreign = FOREIGN.fullmatch(phone)
    country, number = (int(foreign[1]), foreign[2]) if foreign else (CHINA, phone)
    return {
        "phoneNumber": number if country == CHINA else f"{country}{number}",
        "purePhoneNumber": number,
        "countryCode": country,  # the documentation says a string, the platform sends a number
    }
