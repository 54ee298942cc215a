"""Tell a cache that is down from a value that it can't handle.

Each kind of cache has exceptions of its own, and a project has only some of their packages. So classes are known by the
name of the package that defines them.
"""

from django.db import Error

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
