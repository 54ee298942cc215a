"""The shared access_token: one caller at a time fetches it, and it is renewed before it expires."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine

from tests.wechat.conftest import APPID, Memory
from wxlogin.secret import Secret
from wxlogin.wechat.access_tokens import AccessTokens
from wxlogin.wechat.errors import BadResponse, Misconfigured, TooManyInFlight, WeChatTimeout
from wxlogin.wechat.results import AccessToken

NOON = 1_800_000_000
PATH = "/cgi-bin/stable_token"


class Upstream:
    """A WeChat that gives out numbered tokens, each valid for ``expires_in`` seconds."""

    def __init__(self, expires_in: int = 7200) -> None:
        self.expires_in = expires_in
        self.fetched = 0
        self.problem: Exception | None = None
        self.given = 0.0

    def __call__(self, until: float) -> AccessToken:
        self.fetched += 1
        self.given = until - time.monotonic()
        if self.problem:
            raise self.problem
        return AccessToken(Secret(f"token-{self.fetched}"), self.expires_in)


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def tokens(store: Memory) -> AccessTokens:
    return AccessTokens(APPID, store, deadline=5)


def get(tokens: AccessTokens, upstream: Any, patience: float = 5) -> str:
    return tokens.get(upstream, until=time.monotonic() + patience).reveal()


def test_a_token_is_fetched_once_and_kept(tokens: AccessTokens, upstream: Upstream, store: Memory) -> None:
    with time_machine.travel(NOON, tick=False):
        found = {get(tokens, upstream) for _ in range(5)}

        other_process = AccessTokens(APPID, store, deadline=5)
        assert found == {get(other_process, upstream)} == {"token-1"}
    assert upstream.fetched == 1


def test_each_app_has_its_own_and_the_secret_is_no_part_of_the_key(store: Memory, upstream: Upstream) -> None:
    for appid in ("wx-tea", "wx-books"):
        get(AccessTokens(appid, store, deadline=5), upstream)

    assert upstream.fetched == 2
    assert sorted(store.values) == ["wxlogin:access_token:wx-books", "wxlogin:access_token:wx-tea"]


@pytest.mark.parametrize(
    ("expires_in", "still_first", "renewed"),
    [(7200, 6899, 6901), (600, 299, 301), (400, 199, 201), (300, 149, 151), (60, 29, 31)],
)
def test_it_is_renewed_while_the_old_one_is_still_good(
    tokens: AccessTokens, expires_in: int, still_first: int, renewed: int
) -> None:
    upstream = Upstream(expires_in)
    with time_machine.travel(NOON, tick=False) as clock:
        get(tokens, upstream)
        clock.move_to(NOON + still_first)
        before = get(tokens, upstream)
        clock.move_to(NOON + renewed)
        after = get(tokens, upstream)

    assert (before, after, upstream.fetched) == ("token-1", "token-2", 2)


def test_a_renewal_that_fails_is_harmless_and_is_not_tried_at_each_call(
    tokens: AccessTokens, upstream: Upstream
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        get(tokens, upstream)
        upstream.problem = WeChatTimeout(PATH)
        clock.move_to(NOON + 6901)
        found = {get(tokens, upstream) for _ in range(5)}
        tried = upstream.fetched
        clock.move_to(NOON + 6932)
        get(tokens, upstream)

    assert found == {"token-1"}
    assert (tried, upstream.fetched) == (2, 3)


def test_a_token_that_was_refused_during_a_renewal_does_not_come_back(
    tokens: AccessTokens, upstream: Upstream, store: Memory
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first = get(tokens, upstream)
        clock.move_to(NOON + 6901)

        def refused_meanwhile(until: float) -> AccessToken:
            tokens.drop(Secret(first))
            raise WeChatTimeout(PATH)

        with pytest.raises(WeChatTimeout):
            get(tokens, refused_meanwhile)

        assert get(tokens, upstream) == "token-2"


@pytest.mark.parametrize(
    ("problem", "level"), [(Misconfigured(PATH, errcode=40125), "ERROR"), (BadResponse(PATH), "WARNING")]
)
def test_a_renewal_that_fails_is_in_the_log(
    tokens: AccessTokens, upstream: Upstream, caplog: pytest.LogCaptureFixture, problem: Exception, level: str
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        get(tokens, upstream)
        upstream.problem = problem
        clock.move_to(NOON + 6901)
        get(tokens, upstream)

    (record,) = caplog.records
    assert (record.name, record.levelname) == ("wxlogin", level)
    assert str(problem) in record.getMessage()


def test_a_renewal_leaves_time_for_the_call_itself(tokens: AccessTokens, upstream: Upstream) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        get(tokens, upstream)
        first = upstream.given
        clock.move_to(NOON + 6901)
        get(tokens, upstream)

    assert 4 < first <= 5
    assert 0 < upstream.given <= 1.25


@pytest.mark.parametrize(
    "junk", ["text", 7, {"value": "token-0"}, {"value": "x", "renew_at": 1, "expires_at": 2, "new": 3}]
)
def test_a_value_stored_by_another_version_is_a_cache_miss(
    tokens: AccessTokens, upstream: Upstream, store: Memory, junk: Any
) -> None:
    store.set(f"wxlogin:access_token:{APPID}", Secret(json.dumps(junk)), 60)

    assert get(tokens, upstream) == "token-1"


def test_a_token_at_its_end_is_not_used(tokens: AccessTokens, upstream: Upstream) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        get(tokens, upstream)
        upstream.problem = BadResponse(PATH)
        clock.move_to(NOON + 7191)

        with pytest.raises(BadResponse):
            get(tokens, upstream)


def test_a_caller_during_another_ones_renewal_gets_the_current_token(
    tokens: AccessTokens, upstream: Upstream, store: Memory
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        get(tokens, upstream)
        clock.move_to(NOON + 6901)
        store.add(f"wxlogin:access_token:{APPID}:lock", Secret("another process"), 6)

        assert get(tokens, upstream) == "token-1"
    assert upstream.fetched == 1


@pytest.mark.parametrize("round_", range(5))
def test_a_crowd_with_a_cold_cache_makes_one_call(store: Memory, round_: int) -> None:
    upstream, start = Upstream(), threading.Barrier(16)

    def slowly(until: float) -> AccessToken:
        time.sleep(0.1)
        return upstream(until)

    def run(_: int) -> str:
        start.wait()
        return get(AccessTokens(APPID, store, deadline=5), slowly)

    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(run, range(16)))

    assert found == {"token-1"}
    assert upstream.fetched == 1


def test_a_wait_for_another_ones_fetch_is_short_and_ends_with_an_error(
    store: Memory, upstream: Upstream
) -> None:
    tokens = AccessTokens(APPID, store, deadline=0.5)
    store.add(f"wxlogin:access_token:{APPID}:lock", Secret("a process that hangs"), 6)
    started = time.monotonic()

    with pytest.raises(TooManyInFlight):
        get(tokens, upstream)

    assert time.monotonic() - started < 0.4
    assert upstream.fetched == 0


def test_the_lock_of_a_process_that_died_ends(
    store: Memory, tokens: AccessTokens, upstream: Upstream
) -> None:
    get(tokens, upstream)

    assert store.timeouts[f"wxlogin:access_token:{APPID}:lock"] == 6


def test_a_fetch_that_fails_gives_the_lock_back(tokens: AccessTokens, upstream: Upstream) -> None:
    upstream.problem = BadResponse(PATH)
    with pytest.raises(BadResponse):
        get(tokens, upstream)
    upstream.problem = None

    assert get(tokens, upstream) == "token-2"


def test_a_lock_that_another_has_taken_over_is_not_given_back(
    tokens: AccessTokens, upstream: Upstream, store: Memory
) -> None:
    lock = f"wxlogin:access_token:{APPID}:lock"

    def so_slow_that_another_has_the_lock(until: float) -> AccessToken:
        store.set(lock, Secret("another"), 6)
        return upstream(until)

    get(tokens, so_slow_that_another_has_the_lock)

    assert store.get(lock) == Secret("another")


def test_a_refused_token_is_dropped_unless_another_is_there(tokens: AccessTokens, upstream: Upstream) -> None:
    first = get(tokens, upstream)
    tokens.drop(Secret(first))
    second = get(tokens, upstream)

    tokens.drop(Secret(first))

    assert get(tokens, upstream) == second == "token-2"


def test_its_representation_tells_no_token() -> None:
    assert "made-up" not in repr(AccessToken(Secret("made-up"), 7200))
