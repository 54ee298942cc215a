"""Enough to recognise a value by, not enough to use it."""

import ipaddress

from django.utils.html import format_html

from wxlogin.models.people import shorten
from wxlogin.wechat.results import PhoneNumber


def mask_id(text: str) -> str:
    """An openid or unionid, as a person's own name shows it."""
    if not text:
        return "-"
    return format_html('<span class="wxlogin-id">{}</span>', shorten(text))


def mask_phone(phone: PhoneNumber) -> str:
    return f"+{phone.country_code} {shorten(phone.number)}"


def mask_address(address: str | None) -> str:
    """An IPv4 address without its last number, an IPv6 address as its /48."""
    if not address:
        return "-"
    if ":" in address:
        network = ipaddress.ip_network((address, 48), strict=False)
        return f"{network.network_address}…"
    return address.rpartition(".")[0] + ".*"
