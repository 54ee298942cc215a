"""Enough to recognise a value by, not enough to use it."""

import ipaddress

from django.utils.html import format_html


def mask_id(text: str) -> str:
    """An openid or unionid: its first and last four characters."""
    if not text:
        return "-"
    return format_html('<span class="wxlogin-id">{}</span>', _shorten(text))


def _shorten(text: str) -> str:
    return f"{text[:4]}…{text[-4:]}" if len(text) > 8 else f"{text[:1]}…"


def mask_address(address: str | None) -> str:
    """An IPv4 address without its last number, an IPv6 address as its /48."""
    if not address:
        return "-"
    if ":" in address:
        network = ipaddress.ip_network((address, 48), strict=False)
        return f"{network.network_address}…"
    return address.rpartition(".")[0] + ".*"
