"""Who is asking, as far as the transport tells."""

import ipaddress
import re
import uuid
from dataclasses import dataclass

from django.http import HttpRequest

from wxlogin.conf import conf

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SANE_CLIENT = re.compile(r"[A-Za-z0-9._/+-]{1,32}")
# Some proxies add it: 192.0.2.7:49152, [2001:db8::7]:49152.
WITH_PORT = re.compile(r"(?:\[([^\]]*)\]|([^:]*)):\d{1,5}")
# developers.weixin.qq.com, wx.request: WeChat sets the Referer and a page can't change it.
REFERER = re.compile(r"https://servicewechat\.com/(wx[0-9a-z]{1,30})/([0-9A-Za-z.]{1,32})/")


@dataclass(frozen=True)
class Caller:
    """Who is asking, as far as the request tells. ``release`` and ``client`` are hints, no proof.

    ``release`` of the mini-program is from a Referer; ``client`` is what our own client in it says it is.
    """

    ip: str | None = None
    user_agent: str = ""
    release: str = ""
    client: str = ""


def caller_of(request: HttpRequest) -> Caller:
    agent = "".join(filter(str.isprintable, request.headers.get("User-Agent", "")))
    referer = REFERER.match(request.headers.get("Referer", ""))
    client = request.headers.get("X-Wxlogin-Client", "")
    return Caller(
        ip=client_address(request),
        user_agent=agent[:256],
        release=referer[2] if referer else "",
        client=client if SANE_CLIENT.fullmatch(client) else "",
    )


def request_id_of(request: HttpRequest) -> str:
    """The client's own ``X-Request-ID`` if it is harmless in a log line, else a new one."""
    sent = request.headers.get("X-Request-ID", "")
    return sent if SANE_REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex


def client_address(request: HttpRequest) -> str | None:
    """The address that our outermost proxy saw; without proxies of ours, the peer's. None if unreadable.

    ``X-Forwarded-For`` grows on the right, one entry a proxy; what is left of ours anybody can write.
    """
    forwarded = [
        part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()
    ]
    hops = min(conf.TRUSTED_PROXIES, len(forwarded))
    address = forwarded[-hops] if hops else request.META.get("REMOTE_ADDR", "")
    if match := WITH_PORT.fullmatch(address):
        address = match[1] or match[2]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or ipaddress.IPv6Address(int(parsed))  # the zone of fe80::1%eth0 goes
    return str(parsed)
