"""Masks for personal data. A masked value can be recognised, but not used."""

import ipaddress

from django.conf import settings
from django.utils.crypto import salted_hmac


def shorten(identifier: str) -> str:
    """Return the first and the last four characters. A short identifier shows at most half of its characters."""
    shown = min(4, len(identifier) // 4)
    return f"{identifier[:shown]}…{identifier[len(identifier) - shown :]}"


def mask_phone(number: str, country_code: str) -> str:
    """Return ``+86 13…34``."""
    return f"+{country_code} {shorten(number)}"


def mask_address(address: str | None) -> str:
    """Return an IPv4 address without its last number, and an IPv6 address as its /48 network."""
    if not address:
        return "-"
    if ":" in address:
        network = ipaddress.ip_network((address, 48), strict=False)
        return f"{network.network_address}…"
    return address.rpartition(".")[0] + ".*"


def person_hash(appid: str, openid: str, *, secret: str | bytes | None = None) -> str:
    """Return a short keyed hash of an identity, for the log and the staff log.

    Two lines about one person show the same hash, and nobody can compute the openid from it. ``secret`` is
    the key, ``SECRET_KEY`` by default.
    """
    # The salt names the log module, where this function used to be. With another salt, old rows of the staff
    # log would no longer match their people.
    keyed = salted_hmac("wxlogin.log", f"{appid}\0{openid}", secret=secret, algorithm="sha256")
    return keyed.hexdigest()[:12]


def person_hashes(appid: str, openid: str) -> list[str]:
    """Return the hashes under which lines of today and of former values of ``SECRET_KEY`` name an identity."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [person_hash(appid, openid, secret=key) for key in keys]
