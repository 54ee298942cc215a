"""Each cache that Django has keeps what wxlogin stores there."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction

from tests.conftest import Api
from tests.helpers.cached import (
    assert_everything_works,
    bind_phones,
    count_logins,
    log_in_from,
    new_address,
    reported_breaker,
)
from tests.management.doctor.command import line_with, run
from tests.settings import APPID
from wxlogin.gateway import SealedCache
from wxlogin.models import WeChatUser
from wxlogin.shared_cache import shared_cache

BACKENDS = "django.core.cache.backends."
KINDS = ["locmem", "file", "database", "pymemcache", "pylibmc"]


@pytest.fixture
def use_cache(settings: Any, tmp_path: Path, memcached: str) -> Callable[..., None]:
    """Return a function that makes one kind of cache the default cache of a test."""
    kinds = {
        "locmem": {"BACKEND": f"{BACKENDS}locmem.LocMemCache", "LOCATION": "other"},
        "dummy": {"BACKEND": f"{BACKENDS}dummy.DummyCache"},
        "file": {"BACKEND": f"{BACKENDS}filebased.FileBasedCache", "LOCATION": str(tmp_path)},
        "database": {"BACKEND": f"{BACKENDS}db.DatabaseCache", "LOCATION": "cache"},
        "pymemcache": {
            "BACKEND": f"{BACKENDS}memcached.PyMemcacheCache",
            "LOCATION": memcached,
            "OPTIONS": {"timeout": 0.4, "connect_timeout": 0.4},
        },
        "pylibmc": {
            "BACKEND": f"{BACKENDS}memcached.PyLibMCCache",
            "LOCATION": memcached,
            "OPTIONS": {"behaviors": {"_poll_timeout": 400, "connect_timeout": 400}},
        },
    }

    def use(kind: str, **changes: Any) -> None:
        settings.CACHES = {"default": {**kinds[kind], **changes}}

    return use


@pytest.mark.parametrize("kind", KINDS)
def test_the_cache_takes_everything(
    api: Api, configure: Any, caplog: Any, use_cache: Callable[..., None], kind: str
) -> None:
    use_cache(kind)

    assert_everything_works(api, configure, caplog)

    printed, _ = run()
    assert line_with("Cache:", printed).startswith("ok")


@pytest.mark.parametrize("kind", KINDS)
def test_the_window_of_a_throttle_ends(
    api: Api, configure: Any, use_cache: Callable[..., None], kind: str
) -> None:
    """A table and a folder forget at each count when it should expire, and keep it for the cache's own timeout."""
    configure(LOGIN_RATE="3/s")
    use_cache(kind, TIMEOUT=None)
    address = new_address()
    answers = [log_in_from(api, address).status_code for _ in range(6)]

    # Memcached counts whole seconds.
    time.sleep(3.1 if kind.startswith("py") else 1.1)

    assert 429 in answers
    assert log_in_from(api, address).status_code == 200


@pytest.mark.parametrize("kind", ["file", "database"])
def test_who_calls_rarely_is_never_refused(
    api: Api, configure: Any, use_cache: Callable[..., None], kind: str
) -> None:
    configure(LOGIN_RATE="3/min")
    use_cache(kind, TIMEOUT=None)
    address = new_address()

    answers = []
    with time_machine.travel(time.time()) as now:
        for _ in range(9):
            answers.append(log_in_from(api, address).status_code)
            now.shift(40)

    assert answers == [200] * 9


@pytest.mark.parametrize("kind", ["file", "database"])
def test_a_pause_longer_than_the_caches_own_timeout_ends_no_window(
    api: Api, configure: Any, use_cache: Callable[..., None], kind: str
) -> None:
    configure(LOGIN_RATE="3/min")
    use_cache(kind, TIMEOUT=5)
    address = new_address()

    with time_machine.travel(time.time()) as now:
        answers = [log_in_from(api, address).status_code for _ in range(3)]
        now.shift(20)
        answers.append(log_in_from(api, address).status_code)

    assert answers == [200, 200, 200, 429]


@pytest.mark.parametrize("kind", ["locmem", "pymemcache", "pylibmc"])
@pytest.mark.parametrize("garbage", ["text", b"\xff", ["list"], 7.5])
def test_garbage_costs_nobody_a_login(
    api: Api, configure: Any, caplog: Any, use_cache: Callable[..., None], kind: str, garbage: Any
) -> None:
    configure(LOGIN_RATE="2/min")
    use_cache(kind)
    address = new_address()
    for key in (f"wxlogin:login:{address}", f"wxlogin:access_token:{APPID}", "wxlogin:open_breaker"):
        for each in (key, f"{key}:end"):
            cache.set(each, garbage, 60)

    answers = [log_in_from(api, address).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    assert bind_phones(api, 2) == 1
    assert reported_breaker()
    assert shared_cache._paused_until == 0.0


@pytest.mark.parametrize("kind", ["dummy", "none", "illegal keys", "no package"])
def test_without_a_usable_cache_each_process_counts_for_itself(
    api: Api, configure: Any, settings: Any, use_cache: Callable[..., None], kind: str
) -> None:
    configure(LOGIN_RATE="3/min")
    if kind == "dummy":
        use_cache("dummy")
    elif kind == "illegal keys":
        use_cache("pymemcache", KEY_PREFIX="tea house")
    else:
        settings.CACHES = {"default": {"BACKEND": "not_installed.Cache"}} if kind == "no package" else {}

    assert count_logins(api, 5) == [200, 200, 200, 429, 429]
    assert bind_phones(api, 3) == 1
    assert reported_breaker()
    _, is_well = run()
    # The check warns of a cache that keeps nothing. The others can't work.
    assert is_well == (kind == "dummy")


@pytest.mark.parametrize("kind", ["pymemcache", "pylibmc"])
@pytest.mark.parametrize("options", [{}, {"ignore_exc": True}], ids=["told", "ignored"])
def test_a_dead_memcached_is_replaced_by_a_count_of_our_own(
    api: Api, configure: Any, caplog: Any, use_cache: Callable[..., None], kind: str, options: dict[str, Any]
) -> None:
    configure(LOGIN_RATE="3/min")
    use_cache(kind, LOCATION="127.0.0.1:1", OPTIONS=options if kind == "pymemcache" else {})

    with caplog.at_level(logging.ERROR, logger="wxlogin"):
        assert count_logins(api, 5) == [200, 200, 200, 429, 429]
        assert bind_phones(api, 3) == 1

    assert "cache unavailable" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_missing_table_breaks_no_transaction(
    api: Api, configure: Any, caplog: Any, use_cache: Callable[..., None]
) -> None:
    configure(LOGIN_RATE="3/min")
    use_cache("database", LOCATION="missing")

    with caplog.at_level(logging.ERROR, logger="wxlogin"):
        assert count_logins(api, 5) == [200, 200, 200, 429, 429]
    with transaction.atomic():
        assert SealedCache().get("wxlogin:access_token:wx") is None
        assert WeChatUser.objects.count() == 1

    assert "cache unavailable problem=ProgrammingError" in caplog.text
    printed, is_well = run()
    assert not is_well
    assert "PROBLEM" in line_with("Cache: The table of the cache can't be used: ProgrammingError.", printed)
    assert "createcachetable" in printed
