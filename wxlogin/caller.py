"""The caller of a request: IP address, device and request id, as plain values for the services."""

import ipaddress
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import dropwhile

from django.http import HttpRequest

from wxlogin.conf import conf
from wxlogin.log import request_id

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
NOT_PLAIN = re.compile(r"[^ -~]+")
SANE_CLIENT = re.compile(r"[A-Za-z0-9._/+-]{1,32}")
# Proxies write 192.0.2.7:49152, [2001:db8::7]:49152 or [2001:db8::7]. By RFC 7239 a port may be hidden: _a1.
WRAPPED = re.compile(
    r"\[\s*([^\]]*?)\s*\](?::{port})?|([^:]*):{port}".replace("{port}", r"(?:\d{1,5}|_[\w.-]+)")
)
# The longest address with zone and port is shorter.
MAX_ADDRESS = 100
# Headers in which proxies put a client's address. Only the first is read; any of them shows that there is a proxy.
PROXY_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
# developers.weixin.qq.com, wx.request: WeChat sets the Referer and a page can't change it.
REFERER = re.compile(r"https://servicewechat\.com/(wx[0-9a-z]{1,30})/([0-9A-Za-z.]{1,32})/")

#: The IP address of the staff member who is acting, for the staff log.
staff_address: ContextVar[str | None] = ContextVar("wxlogin_address", default=None)


@dataclass(frozen=True)
class Caller:
    """Facts about the caller of a request. ``release`` and ``client`` are hints, no proof.

    ``release`` is the mini-program's, from the Referer; ``client`` is the version that our own client sends.
    """

    ip: str | None = None
    user_agent: str = ""
    release: str = ""
    client: str = ""


def caller_of(request: HttpRequest) -> Caller:
    """Return what the headers of ``request`` say about its caller, reduced to what every database stores.

    That is printable ASCII, and no more of it than the column takes: a hint must not cost a login. Headers are bytes, which
    WSGI hands over as Latin-1, so other characters would often be the wrong ones anyway.
    """
    agent = NOT_PLAIN.sub("", request.headers.get("User-Agent", ""))
    referer = REFERER.match(request.headers.get("Referer", ""))
    client = request.headers.get("X-Wxlogin-Client", "")
    return Caller(
        ip=client_address(request),
        user_agent=agent[:256],
        release=referer[2] if referer else "",
        client=client if SANE_CLIENT.fullmatch(client) else "",
    )


def is_request_id(text: str) -> bool:
    """True if ``text`` can be a request id: harmless in a log line, and short enough for its column."""
    return bool(SANE_REQUEST_ID.fullmatch(text))


def request_id_of(request: HttpRequest) -> str:
    """Return the client's own ``X-Request-ID`` if it is harmless in a log line, else a new one."""
    sent = request.headers.get("X-Request-ID", "")
    return sent if is_request_id(sent) else uuid.uuid4().hex


@contextmanager
def staff_request(request: HttpRequest) -> Iterator[None]:
    """Use the IP address and the id of ``request`` for every staff act and every log line inside the block."""
    before = staff_address.set(client_address(request)), request_id.set(request_id_of(request))
    try:
        yield
    finally:
        staff_address.reset(before[0])
        request_id.reset(before[1])


@dataclass(frozen=True)
class Proxies:
    """Traces of the proxies that a request came through.

    ``address`` is the client's as ``client_address`` finds it, ``peer`` that of the connection: None at a Unix socket.
    ``entries`` counts those of ``X-Forwarded-For``, and ``is_forwarded`` is True if any header tells of a proxy.
    Clients can write such headers, too.
    """

    address: str | None
    peer: str | None
    entries: int
    is_forwarded: bool


def proxies_of(request: HttpRequest) -> Proxies:
    return Proxies(
        address=client_address(request),
        peer=_readable(request.META.get("REMOTE_ADDR", "")),
        entries=len(_forwarded_for(request)),
        is_forwarded=any(request.headers.get(name, "").strip() for name in PROXY_HEADERS),
    )


def client_address(request: HttpRequest) -> str | None:
    """Return the IP address that our outermost proxy saw. Return None if it is unreadable.

    If no proxy is configured, it is the address of the peer.

    ``X-Forwarded-For`` grows on the right, one entry for each proxy. Entries to the left of ours can be
    written by anybody.
    """
    forwarded = _forwarded_for(request)
    hops = min(conf.TRUSTED_PROXIES, len(forwarded))
    return _readable((forwarded[-hops] if hops else request.META.get("REMOTE_ADDR", ""))[:MAX_ADDRESS])


def _forwarded_for(request: HttpRequest) -> list[str]:
    """Return the entries of ``X-Forwarded-For``. Servers join several such headers by commas.

    Empty ones are left out at the left end only. One of our proxies may have written another, and without that the
    client's own entry would count as ours.
    """
    entries = (part.strip() for part in request.headers.get("X-Forwarded-For", "").split(","))
    return list(dropwhile(lambda entry: not entry.strip('"'), entries))


# A login asks twice, for its throttle and for its session.
@lru_cache(maxsize=1024)
def _readable(address: str) -> str | None:
    """Return the IP address without quotes, brackets, port and zone. None if it is none: ``unknown``, ``_hidden``."""
    address = address.strip('" \t')
    if match := WRAPPED.fullmatch(address):
        address = match[1] or match[2] or ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        # An address like fe80::1%eth0 has a zone, which the database column doesn't take. The int drops it.
        parsed = parsed.ipv4_mapped or ipaddress.IPv6Address(int(parsed))
    return str(parsed)
