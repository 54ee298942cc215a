"""The project's default cache."""

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.core.cache import cache
from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.utils.translation import gettext_lazy as _

from wxlogin.services.meanings import Result
from wxlogin.shared_cache import is_shared

from .limits import is_limit

# The option by which each kind of cache limits a call.
TIMEOUTS = {"redis": "socket_timeout", "pymemcache": "timeout"}
# Seconds that a probe stays in the cache if it can't be deleted.
PROBE_LIFETIME = 10


def deployment_problems() -> Iterator[CheckMessage]:
    if not is_shared():
        yield Warning(
            "The default cache is not shared between processes, so each one counts throttles for itself.",
            hint="Use Redis or Memcached as the default cache.",
            id="wxlogin.W005",
        )
    declared = settings.CACHES["default"]
    names = [name for backend, name in TIMEOUTS.items() if backend in declared["BACKEND"].lower()]
    limits = {name.lower(): value for name, value in declared.get("OPTIONS", {}).items()}
    if names and not is_limit(limits.get(names[0])):
        yield Warning(
            "A call to the default cache may take longer than UPSTREAM_DEADLINE.",
            hint='Set CACHES["default"]["OPTIONS"] to {"socket_timeout": 0.4, "socket_connect_timeout": 0.4} for '
            'Redis (django-redis: in capital letters), or {"timeout": 0.4, "connect_timeout": 0.4} for Memcached.',
            id="wxlogin.W010",
        )


def examine() -> Iterator[Result]:
    """Use Django's cache directly: ``shared_cache`` would hide that it is down."""
    probe = secrets.token_hex(16)
    key = f"wxlogin:doctor:{probe}"
    cache.set(key, probe, PROBE_LIFETIME)
    found = cache.get(key)
    cache.delete(key)
    if found != probe or cache.get(key) is not None:
        yield False, _("It forgets what it is told, or keeps what it should forget."), USE_SHARED_CACHE
    elif is_shared():
        yield True, _("It works, and all processes share it.")
    else:
        yield True, _("It works. Each process has one of its own.")


USE_SHARED_CACHE = _("Use Redis or Memcached as the default cache.")
