"""Each serializer and compressor takes what wxlogin stores, and what it can't take costs little."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django_redis import get_redis_connection
from django_redis.serializers.json import JSONSerializer

from tests.conftest import Api
from tests.helpers.cached import (
    assert_everything_works,
    bind_phones,
    count_logins,
    log_in_from,
    reported_breaker,
)
from tests.management.doctor.command import line_with, run
from wxlogin.shared_cache import shared_cache

OPTIONS = {
    "json": {"SERIALIZER": "django_redis.serializers.json.JSONSerializer"},
    "msgpack": {"SERIALIZER": "django_redis.serializers.msgpack.MSGPackSerializer"},
    "pickle": {},
    "json, zlib": {
        "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
        "COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor",
    },
    "pickle, lzma": {"COMPRESSOR": "django_redis.compressors.lzma.LzmaCompressor"},
}


class NumbersOnly(JSONSerializer):
    """A serializer that refuses texts, as a project's own might refuse what it doesn't expect."""

    def dumps(self, value: Any) -> bytes:
        if isinstance(value, str):
            raise TypeError("PLANTED-TEXT")
        return super().dumps(value)


@pytest.fixture
def use_options(settings: Any) -> Callable[..., None]:
    def use(**options: Any) -> None:
        default = settings.CACHES["default"]
        limits = {"SOCKET_TIMEOUT": 0.4, "SOCKET_CONNECT_TIMEOUT": 0.4}
        settings.CACHES = {"default": {**default, "OPTIONS": {**limits, **options}}}

    return use


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_cache_takes_everything(
    api: Api, configure: Any, caplog: Any, use_options: Callable[..., None], options: dict[str, Any]
) -> None:
    use_options(**options)

    assert_everything_works(api, configure, caplog)

    printed, _ = run()
    assert line_with("Cache:", printed).startswith("ok")


def test_a_refused_value_is_named_once_and_costs_that_value_only(
    api: Api, configure: Any, caplog: Any, use_options: Callable[..., None]
) -> None:
    configure(LOGIN_RATE="3/min")
    use_options(SERIALIZER=f"{__name__}.NumbersOnly")

    with caplog.at_level(logging.ERROR, logger="wxlogin"):
        tokens = bind_phones(api, 3)
        statuses = count_logins(api, 5)

    assert tokens == 1
    assert statuses == [200, 200, 200, 429, 429]
    assert shared_cache._paused_until == 0.0
    assert get_redis_connection().keys("*wxlogin:login:*")
    of_tokens = [text for text in caplog.messages if "wxlogin:access_token" in text]
    assert len(of_tokens) == 1
    assert "TypeError" in of_tokens[0]
    assert "unavailable" not in caplog.text
    assert "PLANTED" not in caplog.text


def test_the_doctor_tries_what_is_really_stored(api: Api, use_options: Callable[..., None]) -> None:
    use_options(SERIALIZER=f"{__name__}.NumbersOnly")

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Cache: It can't hold an access_token: TypeError.", printed)
    assert "another serializer" in printed
    assert "PLANTED" not in printed


@pytest.mark.parametrize("garbage", [b"\x80\x04PLANTED", b'"text"', b"[]", b"{}", b"1e400", b"", b"7"])
def test_garbage_costs_nobody_a_login(api: Api, configure: Any, garbage: bytes) -> None:
    configure(LOGIN_RATE="2/min", DATA_RATE="100/min")
    redis = get_redis_connection()
    redis.flushdb()
    address = "192.0.2.77"
    first = log_in_from(api, address).status_code
    bind_phones(api, 1)
    cache.set("wxlogin:open_breaker", "x", 60)
    for key in redis.keys("*wxlogin:*"):
        redis.set(key, garbage, ex=60)

    statuses = [log_in_from(api, address).status_code for _ in range(3)]

    assert first == 200
    assert set(statuses) <= {200, 429}
    assert bind_phones(api, 2) <= 3
    assert reported_breaker() is not None
    assert shared_cache._paused_until == 0.0
    redis.flushdb()


@pytest.mark.parametrize("options", [{}, {"IGNORE_EXCEPTIONS": True}], ids=["told", "ignored"])
def test_a_dead_cache_is_replaced_by_a_count_of_our_own(
    api: Api, configure: Any, caplog: Any, settings: Any, options: dict[str, Any]
) -> None:
    configure(LOGIN_RATE="3/min")
    default = settings.CACHES["default"]
    settings.CACHES = {"default": {**default, "LOCATION": "redis://127.0.0.1:1/0", "OPTIONS": options}}

    with caplog.at_level(logging.ERROR, logger="wxlogin"):
        assert count_logins(api, 5) == [200, 200, 200, 429, 429]
        assert bind_phones(api, 3) == 1

    assert "cache unavailable" in caplog.text
