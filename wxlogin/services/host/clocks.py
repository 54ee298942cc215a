"""The clocks of the servers that wxlogin talks to, compared with this machine's."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wxlogin.conf import conf
from wxlogin.gateway import get_client
from wxlogin.models.clock import database_time
from wxlogin.services.meanings import Result, Text

# Seconds. Two clocks that NTP sets are some milliseconds apart.
TOLERANCE = 5
# The options of Django's Redis cache that aren't options of its connections.
CACHE_OPTIONS = {"serializer", "pool_class", "parser_class"}


def examine() -> Iterator[Result]:
    """Compare this machine's clock with those of the servers that answer: the other findings tell which don't."""
    for server, measure in (
        (_("the database"), database_seconds_ahead),
        (_("the cache"), cache_seconds_ahead),
        (_("WeChat"), wechat_seconds_ahead),
    ):
        seconds_ahead = None
        with suppress(Exception):
            seconds_ahead = measure()
        if seconds_ahead is not None:
            yield compare(server, seconds_ahead)


def compare(server: Text, seconds_ahead: float) -> Result:
    """Return a finding without its subject: the clock of ``server`` is this much ahead of this machine's."""
    text: Text
    hint: Text
    if abs(seconds_ahead) < TOLERANCE:
        text, hint = _("This machine's clock and that of {server} are {seconds} s apart."), ""
    elif seconds_ahead > 0:
        text, hint = _("The clock of {server} is {seconds} s ahead of this machine's."), SET_CLOCKS
    else:
        text, hint = _("The clock of {server} is {seconds} s behind this machine's."), SET_CLOCKS
    return True, format_lazy(text, server=server, seconds=f"{abs(seconds_ahead):.1f}"), hint


def database_seconds_ahead() -> float:
    return _seconds_ahead(lambda: database_time().timestamp())


def wechat_seconds_ahead() -> float | None:
    """Return how much WeChat's clock is ahead, by its latest answer to this process. None without an answer."""
    # All apps share the connections.
    return get_client(next(iter(conf.APPS))).seconds_ahead


def cache_seconds_ahead() -> float | None:
    """Return how much the clock of the default cache is ahead. None if it is no Redis: no other cache tells its time."""
    backend = settings.CACHES["default"]["BACKEND"]
    if backend == "django_redis.cache.RedisCache":
        return _seconds_ahead(
            lambda: _as_seconds(import_string("django_redis.get_redis_connection")().time())
        )
    if backend != "django.core.cache.backends.redis.RedisCache":
        return None
    location, options = settings.CACHES["default"]["LOCATION"], settings.CACHES["default"].get("OPTIONS", {})
    # Django writes to the first server.
    first = re.split("[;,]", location)[0] if isinstance(location, str) else location[0]
    of_connections = {name: value for name, value in options.items() if name not in CACHE_OPTIONS}
    with closing(import_string("redis.from_url")(first, **of_connections)) as client:
        # The first command also connects.
        client.ping()
        return _seconds_ahead(lambda: _as_seconds(client.time()))


def _as_seconds(redis_time: tuple[int, int]) -> float:
    seconds, microseconds = redis_time
    return seconds + microseconds / 1_000_000


def _seconds_ahead(ask: Callable[[], float]) -> float:
    """Ask for a time. Half of what the question took has passed when it is read."""
    before = time.time()
    answer = ask()
    return answer - (before + time.time()) / 2


SET_CLOCKS = _(
    "Have this machine's clock, and your servers' clocks, set by NTP, with chrony for example. Until then times in "
    "the log don't match, and Simple JWT's own authentication may refuse tokens or accept them for longer."
)
