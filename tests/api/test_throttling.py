import os
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache

from tests.conftest import Api
from wxlogin.api import throttling
from wxlogin.api.throttling import client_network
from wxlogin.conf import Rate
from wxlogin.models import LoginFailure
from wxlogin.shared_cache import shared_cache


def statuses(api: Api, times: int, **extra: Any) -> Counter[int]:
    return Counter(api.post("login/", {"code": "c"}, access="", **extra).status_code for _ in range(times))


def test_beyond_the_limit_the_answer_is_429_and_reaches_nobody(
    api: Api, configure: Any, address: str
) -> None:
    configure(LOGIN_RATE="3/min")
    statuses(api, 3, REMOTE_ADDR=address)

    answer = api.post("login/", {"code": "c"}, REMOTE_ADDR=address)

    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert len(api.wechat.calls) == LoginFailure.objects.count() == 3


def test_malformed_calls_count_too(api: Api, configure: Any, address: str) -> None:
    configure(LOGIN_RATE="2/min")

    answers = [api.post("login/", {}, REMOTE_ADDR=address).status_code for _ in range(3)]

    assert answers == [400, 400, 429]


def test_successful_calls_count_too(api: Api, configure: Any, address: str) -> None:
    configure(LOGIN_RATE="2/min")

    codes = [api.wechat.code_for("o-alice") for _ in range(3)]
    answers = [api.post("login/", {"code": code}, REMOTE_ADDR=address).status_code for code in codes]

    assert answers == [200, 200, 429]


def test_each_address_has_its_own_count(api: Api, configure: Any, address: str) -> None:
    configure(LOGIN_RATE="1/min")

    answers = [
        statuses(api, 2, REMOTE_ADDR=each) for each in (address, f"fd00:{address[3:].replace('.', ':')}::1")
    ]

    assert answers == [{401: 1, 429: 1}] * 2


def test_a_forged_forwarded_for_header_does_not_avoid_the_limit(
    api: Api, configure: Any, address: str
) -> None:
    configure(LOGIN_RATE="2/min")

    answers = Counter(
        api.post(
            "login/", {"code": "c"}, headers={"X-Forwarded-For": f"198.51.100.{n}"}, REMOTE_ADDR=address
        ).status_code
        for n in range(10)
    )

    assert answers == {401: 2, 429: 8}


def test_behind_a_proxy_of_ours_the_client_is_counted(api: Api, configure: Any, address: str) -> None:
    configure(LOGIN_RATE="1/min", TRUSTED_PROXIES=1)

    answers = [
        api.post("login/", {"code": "c"}, headers={"X-Forwarded-For": f"6.6.6.6, {client}"}).status_code
        for client in (address, address, f"172.16.{address.partition('.')[2].partition('.')[2]}")
    ]

    assert answers == [401, 429, 401]


def test_login_and_refresh_are_counted_apart(alice: Api, configure: Any, address: str) -> None:
    configure(LOGIN_RATE="1/min", REFRESH_RATE="2/min")
    statuses(alice, 2, REMOTE_ADDR=address)

    answers = [
        alice.post("token/refresh/", {"refresh": alice.tokens["refresh"]}, REMOTE_ADDR=address).status_code
        for _ in range(3)
    ]

    assert answers == [200, 200, 429]


def test_the_window_ends(api: Api, configure: Any, address: str) -> None:
    configure(LOGIN_RATE="1/s")

    first = statuses(api, 2, REMOTE_ADDR=address)
    time.sleep(1.1)
    second = statuses(api, 1, REMOTE_ADDR=address)

    assert first == {401: 1, 429: 1}
    assert second == {401: 1}


@pytest.mark.parametrize("round_", range(3))
def test_the_count_is_exact_under_parallel_calls(address: str, round_: int) -> None:
    start = threading.Barrier(16)

    def many(_: int) -> int:
        start.wait()
        refusals = [throttling.seconds_to_wait(f"exact:{address}:{round_}", Rate(50, 60)) for _ in range(20)]
        return refusals.count(None)

    with ThreadPoolExecutor(16) as pool:
        allowed = sum(pool.map(many, range(16)))

    assert allowed == 50


def test_a_cache_that_fails_makes_way_for_a_count_of_our_own(
    api: Api, configure: Any, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    configure(LOGIN_RATE="2/min")
    asked = []

    def fail(*args: Any, **kwargs: Any) -> None:
        asked.append(args)
        raise ConnectionError("redis://:planted-password@cache is gone")

    monkeypatch.setattr(cache, "add", fail)

    answers = statuses(api, 5, REMOTE_ADDR=address)

    assert answers == {401: 2, 429: 3}
    assert len(asked) == 1, "a cache that failed is left alone for a while"
    assert "cache unavailable" in caplog.text
    assert "planted-password" not in caplog.text


def test_a_key_that_ends_while_it_is_counted_is_started_anew(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = cache.incr, [ValueError("gone")]

    def incr(*args: Any, **kwargs: Any) -> int:
        if failures:
            raise failures.pop()
        return real(*args, **kwargs)

    monkeypatch.setattr(cache, "incr", incr)

    assert throttling.seconds_to_wait(f"ended:{address}", Rate(1, 60)) is None
    assert throttling.seconds_to_wait(f"ended:{address}", Rate(1, 60)) == 60


def test_a_window_that_ends_twice_while_it_is_counted_does_not_pause_the_cache(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def incr(*args: Any, **kwargs: Any) -> int:
        raise ValueError("gone")

    monkeypatch.setattr(cache, "incr", incr)
    monkeypatch.setattr(cache, "add", lambda *args: False)

    assert throttling.seconds_to_wait(f"twice:{address}", Rate(1, 60)) is None
    assert shared_cache._paused_until == 0.0


class CanNotCount(LocMemCache):
    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        raise NotImplementedError


def test_where_the_cache_can_not_count_each_process_does(
    api: Api, configure: Any, settings: Any, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    configure(LOGIN_RATE="3/min")
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.CanNotCount", "LOCATION": "can-not-count"}}

    statuses = [api.post("login/", {"code": ""}, REMOTE_ADDR=address).status_code for _ in range(5)]

    # The cache did take the first call.
    assert statuses == [400, 400, 400, 400, 429]
    assert caplog.text.count("cache can't hold a value") == 1


def test_retry_after_counts_down(api: Api, configure: Any, address: str) -> None:
    configure(LOGIN_RATE="1/min")
    statuses(api, 1, REMOTE_ADDR=address)

    with time_machine.travel(time.time() + 42):
        answer = api.post("login/", {"code": "c"}, REMOTE_ADDR=address)

    assert answer["Retry-After"] in {"17", "18"}


def test_many_addresses_do_not_evict_a_count(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # This process counts for itself.
    monkeypatch.setattr(shared_cache, "_paused_until", time.monotonic() + 60)
    throttling.seconds_to_wait(f"crowd:{address}", Rate(1, 60))

    for number in range(2_000):
        throttling.seconds_to_wait(f"crowd:{number}", Rate(1, 60))

    assert throttling.seconds_to_wait(f"crowd:{address}", Rate(1, 60)) is not None


COUNT = """
import django
django.setup()
from wxlogin.api.throttling import seconds_to_wait
from wxlogin.conf import Rate
from wxlogin.shared_cache import shared_cache
print([seconds_to_wait("{key}", Rate(50, 60)) for _ in range(40)].count(None))
"""


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="counts over processes need REDIS_URL")
def test_the_count_is_exact_over_processes_that_share_a_cache(address: str) -> None:
    command = [sys.executable, "-c", COUNT.format(key=f"processes:{address}:{time.time()}")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]  # noqa: S603

    allowed = sum(int(process.communicate(timeout=60)[0]) for process in processes)

    assert allowed == 50


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.1", "203.0.113.2", False),
        (None, None, True),
    ],
)
def test_clients_of_one_network_share_a_limit(one: str | None, other: str | None, same: bool) -> None:
    assert (client_network(one) == client_network(other)) is same
