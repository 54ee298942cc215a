"""The access_token: calls of the API that need it, and what happens when WeChat refuses it."""

from base64 import b64decode, b64encode
from typing import Any

import pytest
from django.core.cache import cache

from tests.conftest import Api
from tests.settings import APPID
from wxlogin.shared_cache import shared_cache

TOKEN = "/cgi-bin/stable_token"
CHECK = "/wxa/checksession"
KEY = f"wxlogin:access_token:{APPID}"


def asked(api: Api, path: str) -> int:
    return [call.path for call in api.wechat.calls].count(path)


def test_many_calls_share_one_token(alice: Api, bob: Api) -> None:
    for _ in range(3):
        assert alice.post("session-key/check/").status_code == 200
        assert bob.post("session-key/check/").status_code == 200

    assert (asked(alice, TOKEN), asked(alice, CHECK)) == (1, 6)


def test_login_asks_for_none_and_works_while_none_is_to_be_had(api: Api) -> None:
    api.wechat.fault(TOKEN, status=500)

    alice = api.log_in()

    assert alice.get("me/").status_code == 200
    assert alice.refresh().status_code == 200
    assert asked(api, TOKEN) == 0


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_refused_token_is_fetched_anew_once(alice: Api, errcode: int) -> None:
    alice.wechat.fault(CHECK, errcode=errcode, times=1)

    answer = alice.post("session-key/check/")

    assert answer.json()["state"] == "valid"
    assert (asked(alice, TOKEN), asked(alice, CHECK)) == (2, 2)


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_token_that_stays_refused_makes_two_calls_and_no_more(alice: Api, errcode: int) -> None:
    alice.wechat.fault(CHECK, errcode=errcode)

    answer = alice.post("session-key/check/")

    assert (answer.status_code, answer.json()["code"]) == (502, "wechat_misconfigured")
    assert (asked(alice, TOKEN), asked(alice, CHECK)) == (2, 2)


def test_a_token_that_wechat_forgot_heals_by_itself(alice: Api) -> None:
    alice.post("session-key/check/")
    alice.wechat.expire_access_tokens()

    answer = alice.post("session-key/check/")

    assert (answer.status_code, answer.json()["state"]) == (200, "valid")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"errcode": 40001}, 502, "wechat_misconfigured"),
        ({"errcode": 40125}, 502, "wechat_misconfigured"),
        ({"errcode": 89503}, 502, "wechat_misconfigured"),
        ({"errcode": 45009}, 429, "wechat_too_frequent"),
        ({"body": '{"access_token": "made-up"}'}, 502, "wechat_bad_response"),
        ({"body": '{"access_token": "made-up", "expires_in": "7200"}'}, 502, "wechat_bad_response"),
        ({"body": '{"access_token": "a b", "expires_in": 7200}'}, 502, "wechat_bad_response"),
        ({"delay": 3}, 504, "wechat_timeout"),
    ],
)
def test_without_a_token_the_call_is_not_made(
    alice: Api, configure: Any, fault: dict[str, Any], status: int, code: str
) -> None:
    configure(UPSTREAM_DEADLINE=0.5)
    alice.wechat.fault(TOKEN, **fault)

    answer = alice.post("session-key/check/")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert asked(alice, CHECK) == 0


def test_a_cache_that_fails_makes_way_for_the_process_own_memory(
    alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError

    for name in ("get", "set", "add", "delete", "incr"):
        monkeypatch.setattr(cache, name, fail)

    answers = [alice.post("session-key/check/").status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert asked(alice, TOKEN) == 1


def test_the_token_is_not_readable_in_the_cache(alice: Api) -> None:
    alice.post("session-key/check/")

    stored = shared_cache.run(lambda store: store.get(KEY))

    token = alice.wechat.access_token_for(APPID)[0]
    assert stored
    assert token not in stored
    assert token.encode() not in b64decode(stored)


def test_a_value_sealed_with_another_key_is_a_cache_miss(alice: Api) -> None:
    cache.set(KEY, b64encode(b"\x01 sealed by somebody else, long ago and far away").decode(), 60)

    answer = alice.post("session-key/check/")

    assert answer.json()["state"] == "valid"
    assert asked(alice, TOKEN) == 1
