"""The clients' addresses, which limits count by, and the proxies between the clients and us."""

import ipaddress
import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy as _, override

from wxlogin.caller import Proxies
from wxlogin.conf import conf
from wxlogin.log import log
from wxlogin.services.meanings import Result, Text
from wxlogin.shared_cache import is_shared, shared_cache

# Seconds between two warnings of a process, and for which the doctor remembers one.
PAUSE = 3600
MEMORY = 86_400
KEY = "wxlogin:shared_limit"
# Settings that only a project behind a proxy has.
PROXY_SETTINGS = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")


@dataclass(frozen=True)
class Misfit:
    """A way in which ``TRUSTED_PROXIES`` doesn't fit a request."""

    text: Text
    remedy: Text


SET_IT = _(
    "If proxies of yours write that header, set TRUSTED_PROXIES to their number, usually 1. If none does, a client "
    "made it up: leave 0."
)
NO_ENTRIES = _(
    "Let your proxy set X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $remote_addr), and set TRUSTED_PROXIES to "
    "the number of your proxies, usually 1."
)
# By the names that are stored in the cache.
MISFITS = {
    "untrusted": Misfit(
        _("A header tells of a proxy in front of the server, and TRUSTED_PROXIES is 0."), SET_IT
    ),
    "no-peer": Misfit(
        _("The server listens at a Unix socket, where clients have no address, and TRUSTED_PROXIES is 0."),
        NO_ENTRIES,
    ),
    "too-many": Misfit(
        _("TRUSTED_PROXIES is larger than the number of addresses in X-Forwarded-For."),
        _(
            "Set TRUSTED_PROXIES to the number of your proxies that add to X-Forwarded-For, and let no request get around "
            "them to the server."
        ),
    ),
    "unreadable": Misfit(
        _("The entry of X-Forwarded-For that TRUSTED_PROXIES points at is no address."),
        _("Let your proxies write the client's address, and set TRUSTED_PROXIES to their number."),
    ),
}


def misfit_of(proxies: Proxies) -> str:
    """Return the name of what doesn't fit, "" if ``TRUSTED_PROXIES`` may be right."""
    trusted = conf.TRUSTED_PROXIES
    if trusted > proxies.entries:
        return "too-many"
    if trusted:
        return "" if proxies.address else "unreadable"
    # First: here a proxy is certain, whatever headers a client sends.
    if proxies.peer is None:
        return "no-peer"
    return "untrusted" if proxies.is_forwarded else ""


def _is_certain(proxies: Proxies) -> bool:
    """True if no client can have faked this: there is no address, or the peer is a proxy on this machine."""
    if proxies.address is None:
        return True
    return proxies.is_forwarded and ipaddress.ip_address(proxies.address).is_loopback


class SharedLimits:
    """Tell the operator of a limit that was hit while many people may count as one, once an hour in each process."""

    def __init__(self) -> None:
        self.quiet_until = 0.0

    def note(self, proxies: Proxies, scope: str) -> None:
        """Log a warning and remember it for the doctor, if a limit that was just hit may count many people as one."""
        name = misfit_of(proxies)
        now = time.monotonic()
        if not name or now < self.quiet_until:
            return
        self.quiet_until = now + PAUSE
        misfit = MISFITS[name]
        with override("en"):
            problem = f"many people may share this limit. {misfit.text} {misfit.remedy}"
            log("limit hit", logging.WARNING, scope=scope, problem=problem)
        # As text: some caches take nothing else. It holds for this value of the setting only.
        remembered = f"{name} {conf.TRUSTED_PROXIES}"
        shared_cache.set(KEY, remembered, MEMORY)


shared_limits = SharedLimits()


def deployment_problems() -> Iterator[CheckMessage]:
    named = [name for name in PROXY_SETTINGS if getattr(settings, name, None)]
    # The check of the settings reports a bad value.
    with suppress(TypeError, ValueError):
        if named and conf.TRUSTED_PROXIES == 0:
            text = gettext(
                "{names} tells of a proxy in front of the server, and WXLOGIN['TRUSTED_PROXIES'] is 0: unless "
                "REMOTE_ADDR is the client's address, limits count all people as one."
            )
            yield Warning(
                text.format(names=", ".join(named)),
                hint=gettext(
                    "Set WXLOGIN['TRUSTED_PROXIES'] to the number of your proxies that write X-Forwarded-For, usually 1. If "
                    "REMOTE_ADDR is the client's address already, as with nginx's uwsgi_pass, leave 0 and silence this warning."
                ),
                id="wxlogin.W021",
            )


def examine(proxies: Proxies | None) -> Iterator[Result]:
    """Say whether ``TRUSTED_PROXIES`` fits the request that asks, if one does, and the limits that were hit."""
    if proxies:
        yield _examine_request(proxies)
    elif not _remembered():
        text = NONE_HIT if is_shared() else NONE_KNOWN
        yield True, format_lazy(text, trusted=conf.TRUSTED_PROXIES)
    if remembered := _remembered():
        text = _("In the last 24 hours a limit was hit that many people may share: {what}")
        yield True, format_lazy(text, what=remembered.text), remembered.remedy


NONE_HIT = _("TRUSTED_PROXIES is {trusted}. No limit was hit that many people may share.")
NONE_KNOWN = _(
    "TRUSTED_PROXIES is {trusted}. Without a shared cache, no other process can report a limit that many people may share."
)


def _examine_request(proxies: Proxies) -> Result:
    trusted, entries = conf.TRUSTED_PROXIES, proxies.entries
    address = proxies.address or _("no address")
    if name := misfit_of(proxies):
        text = format_lazy(
            _("{what} You seem to come from {address}."), what=MISFITS[name].text, address=address
        )
        return not _is_certain(proxies), text, MISFITS[name].remedy
    text = format_lazy(
        _(
            "You come from {address}. TRUSTED_PROXIES is {trusted}, and the number of addresses in X-Forwarded-For is {entries}."
        ),
        address=address,
        trusted=trusted,
        entries=entries,
    )
    return True, text, _("If a proxy has that address, raise TRUSTED_PROXIES.") if trusted < entries else ""


def _remembered() -> Misfit | None:
    """Return what the cache remembers, unless ``TRUSTED_PROXIES`` has been changed since."""
    name, _space, trusted = str(shared_cache.get(KEY) or "").partition(" ")
    return MISFITS.get(name) if trusted == str(conf.TRUSTED_PROXIES) else None
