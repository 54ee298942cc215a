"""The project's cache, with Redis and without."""

import os
import socket
import time

import pytest
from django.core.cache import CacheHandler
from redis import RedisError

from tests.helpers.project_settings import settings_with


def cache_at(url):
    return CacheHandler({"default": settings_with(REDIS_URL=url)["CACHES"]["default"]})["default"]


def test_without_redis_the_cache_is_local_memory():
    assert settings_with()["CACHES"]["default"]["BACKEND"].endswith("LocMemCache")


def test_redis_is_used_where_there_is_one():
    cache = cache_at(os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379")
    try:
        cache.set("wxlogin-test-of-settings", 1, 5)
    except RedisError as exc:
        pytest.skip(f"no Redis here: {type(exc).__name__}")

    assert cache.incr("wxlogin-test-of-settings") == 2
    assert cache.delete("wxlogin-test-of-settings")


@pytest.fixture
def dead_port():
    """A port that refuses connections."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.fixture
def frozen_port():
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


@pytest.mark.parametrize("trouble", ["dead_port", "frozen_port"])
def test_a_redis_that_does_not_answer_costs_less_than_a_second(request, trouble):
    cache = cache_at(f"redis://127.0.0.1:{request.getfixturevalue(trouble)}")
    begin = time.monotonic()

    with pytest.raises(RedisError):
        cache.set("key", 1)

    assert time.monotonic() - begin < 1
