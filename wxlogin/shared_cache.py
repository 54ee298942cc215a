"""Django's default cache, with a local fallback while it fails.

Nothing is lost with the cache: tokens can be fetched and calls counted again. So its failure must not stop a
login. What is stored there is text, or a plain integer: some caches take nothing else. What is read from there may have
been written by another program, or by another version of this one.
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import BaseCache, cache, caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import Error, connections, router, transaction
from django.utils.module_loading import import_string

from wxlogin import deadline
from wxlogin.log import log

# Seconds for which a cache that failed isn't asked again. Each request would have to wait for its timeout.
PAUSE_AFTER_FAILURE = 5.0
# Seconds for which a value that the cache can't take, or gives back unreadable, is kept in this process.
PAUSE_OF_KEY = 60.0
MAX_PAUSED_KEYS = 10_000
# A key's first parts, between colons, name its kind. Only those are logged: the rest may be an address or a person.
KIND = 2
# Exceptions of caches are known by the package that defines them: a project has only some of these packages.
# The clients of cache servers: what they raise comes from the server or from the way there, except for ``OUR_FAULT``.
CLIENTS = {"redis", "valkey", "django_redis", "django_valkey", "pymemcache", "pylibmc", "_pylibmc"}
# What these clients raise for a key or a value that they can't take, or for stored bytes that they can't read.
OUR_FAULT = {
    "BadKeyProvided",
    "CacheMiss",
    "ClientError",
    "CompressorError",
    "DataDoesNotExist",
    "DataError",
    "DataExists",
    "MemcacheClientError",
    "NotFound",
    "NotSupportedError",
    "SerializerError",
    "TooBig",
}
# What Redis says of a value that isn't what the command needs. Its other errors concern all values.
NOT_A_NUMBER = ("WRONGTYPE", "value is not an integer")
# Seconds.
SLOW = 0.2

R = TypeVar("R")


class CacheGaveNoAnswer(ConnectionError):
    """The cache returned nothing where it had to return something: it is told to keep its errors to itself."""


def is_outage(exc: BaseException, *, seconds: float) -> bool:
    """True if the cache is down, False if it can't handle one value. The call took ``seconds``.

    An exception that nobody knows is an outage if the call was slow. A pause saves others from waiting for a cache that is
    down, and after a quick error there is nothing to save: it costs its own value, and all others are still shared.
    A pause after each such error would make all processes forget all counts.
    """
    causes = [exc]
    while (cause := causes[-1].__cause__) and cause not in causes:
        causes.append(cause)
    known = [answer for answer in map(_is_known_outage, causes) if answer is not None]
    return known[0] if known else seconds >= SLOW


def _is_known_outage(exc: BaseException) -> bool | None:
    """Return None for an exception that is neither known as an outage nor as the fault of a value."""
    if isinstance(exc, OSError | Error):
        return True
    # Serializers raise these, and Django for an illegal key (InvalidCacheKey) or a cache that can't be made.
    if isinstance(exc, TypeError | ValueError | LookupError | ArithmeticError | AttributeError | EOFError):
        # redis.exceptions.LockError is a ValueError, too, but we use no locks of Redis.
        return False
    classes = [each for each in type(exc).__mro__ if each.__module__.partition(".")[0] in CLIENTS]
    if not classes:
        return None
    return not any(each.__name__ in OUR_FAULT for each in classes) and not str(exc).startswith(NOT_A_NUMBER)


def cache_class() -> type[BaseCache] | None:
    """Return the class of the default cache, or None if there is no such cache or its class can't be imported."""
    with suppress(KeyError, ImportError):
        found: type[BaseCache] = import_string(settings.CACHES["default"]["BACKEND"])
        return found
    return None


def is_shared() -> bool:
    """True if all processes of the project share the default cache.

    Any cache but Django's two local ones and those that derive from them: a class of another package may be anything,
    and nearly all of them talk to a server.
    """
    found = cache_class()
    is_local = found is not None and issubclass(found, LocMemCache | DummyCache)
    return "default" in settings.CACHES and not is_local


class SharedCache:
    """The project's default cache, or a cache in this process's memory where that one fails."""

    def __init__(self) -> None:
        # The throttles keep a count for each network. Django's default of 300 entries would drop counts too soon.
        self._fallback = LocMemCache("wxlogin", {"OPTIONS": {"MAX_ENTRIES": 100_000}})
        # All LocMemCaches with one name share their memory, so an earlier one may have left entries.
        self._fallback.clear()
        self._paused_until = 0.0
        self._paused_keys: dict[str, float] = {}
        self._named: set[tuple[str, str]] = set()

    def get(self, key: str) -> Any:
        return self.run(lambda store: store.get(key), key)

    def set(self, key: str, value: str | int, timeout: float) -> None:
        self.run(lambda store: store.set(key, value, timeout), key)

    def add(self, key: str, value: str | int, timeout: float) -> bool:
        """Store ``value`` if there is none. Of parallel calls, only one gets True."""
        return self.run(lambda store: add(store, key, value, timeout), key)

    def delete(self, key: str) -> None:
        self.run(lambda store: store.delete(key), key)

    def run(self, use: Callable[[BaseCache], R], key: str = "") -> R:
        """Call ``use`` with the project's cache, or with the fallback if that one fails. Return its result.

        ``use`` runs a second time, with the fallback, if the project's cache fails during it. A cache that is
        slow counts as failing for the rest of a request, once it has taken its share of the request's time.

        An outage of the cache pauses all use of it. Any other error pauses ``key`` alone, the value that ``use``
        is about: the cache or its serializer can't handle that value.
        """
        if self._may_use(key) and deadline.may_ask_cache():
            began = time.monotonic()
            try:
                with protected_transaction():
                    return use(cache)
            # Each cache backend has errors of its own.
            except Exception as exc:  # noqa: BLE001
                if is_outage(exc, seconds=time.monotonic() - began):
                    self._pause(exc)
                else:
                    self._pause_key(key, exc)
            finally:
                deadline.count_cache_call(time.monotonic() - began)
        return use(self._fallback)

    def _may_use(self, key: str) -> bool:
        now = time.monotonic()
        # A cache that keeps nothing would count nothing.
        return now >= self._paused_until and now >= self._paused_keys.get(key, 0.0) and not keeps_nothing()

    def _pause(self, exc: Exception) -> None:
        # With a table as the cache, a request past its deadline gets an error of the database. Other requests don't.
        if isinstance(exc, Error) and deadline.is_over():
            return
        self._paused_until = time.monotonic() + PAUSE_AFTER_FAILURE
        # The text of the error may hold the cache's password.
        log("cache unavailable", logging.ERROR, problem=type(exc).__name__)

    def _pause_key(self, key: str, exc: Exception) -> None:
        if len(self._paused_keys) >= MAX_PAUSED_KEYS:
            self._paused_keys.clear()
        self._paused_keys[key] = time.monotonic() + PAUSE_OF_KEY
        kind, problem = ":".join(key.split(":")[:KIND]), type(exc).__name__
        if (kind, problem) not in self._named:
            self._named.add((kind, problem))
            log(
                "cache can't hold a value, each process keeps its own",
                logging.ERROR,
                key=kind,
                problem=problem,
                remedy="manage.py wxlogin_doctor",
            )
        # What can't be read, for example after another serializer was chosen, makes way for a new value.
        with suppress(Exception), protected_transaction():
            cache.delete(key)


def add(store: BaseCache, key: str, value: str | int, timeout: float) -> bool:
    """Store ``value`` if there is none. Raises ``CacheGaveNoAnswer`` where the cache keeps its errors to itself."""
    added: bool | None = store.add(key, value, timeout)
    if added is None:
        raise CacheGaveNoAnswer
    return added


def keeps_nothing() -> bool:
    """True if the default cache is Django's dummy, or derives from it."""
    found = cache_class()
    return found is not None and issubclass(found, DummyCache)


def protected_transaction() -> ExitStack:
    """Return a savepoint if the cache is a table, and a transaction is open in its database. Else do nothing.

    An error of the cache would break a transaction that is somebody else's.
    """
    stack = ExitStack()
    store = caches["default"]
    if isinstance(store, BaseDatabaseCache):
        alias = router.db_for_write(store.cache_model_class)
        if connections[alias].in_atomic_block:
            stack.enter_context(transaction.atomic(using=alias))
    return stack


shared_cache = SharedCache()
