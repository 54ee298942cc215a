"""Enough to recognise a value by, not enough to use it."""

import ipaddress


def mask_id(text: str) -> str:
    """An openid or unionid: its first and last four characters."""
    return f"{text[:4]}…{text[-4:]}" if len(text) > 8 else f"{text[:1]}…" if text else ""


def mask_address(address: str | None) -> str:
    """An IPv4 address without its last number, an IPv6 address as its /48."""
    if not address:
        return ""
    if ":" in address:
        network = ipaddress.ip_network((address, 48), strict=False)
        return f"{network.network_address}…"
    return address.rpartition(".")[0] + ".*"
