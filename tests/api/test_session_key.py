import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests.conftest import Api
from tests.settings import APPID
from wxlogin import databases
from wxlogin.clock import utc_now
from wxlogin.models import LoginFailure, SessionKey
from wxlogin.secret import Secret
from wxlogin.services import session_keys


def stored() -> SessionKey:
    return SessionKey.objects.select_related("wechat_user").get()


def test_the_state_and_the_times_are_shown_and_nothing_else(alice: Api) -> None:
    answer = alice.get("session-key/")

    assert answer.status_code == 200
    assert answer.json().keys() == {"state", "obtained_at", "checked_at"}
    assert (answer.json()["state"], answer.json()["checked_at"]) == ("unknown", None)


def test_a_key_that_wechat_knows_is_valid(alice: Api) -> None:
    answer = alice.post("session-key/check/")

    assert answer.status_code == 200
    assert answer.json()["state"] == "valid"
    assert answer.json()["checked_at"] >= answer.json()["obtained_at"]
    assert alice.get("session-key/").json() == answer.json()


def test_a_key_that_wechat_no_longer_knows_is_dropped(alice: Api) -> None:
    alice.wechat.expire_session_key("o-alice")

    answer = alice.post("session-key/check/")

    assert (answer.status_code, answer.json()["state"]) == (200, "stale")
    assert bytes(stored().sealed) == b""
    for path in ("session-key/check/", "session-key/reset/"):
        assert alice.post(path).json()["code"] == "session_key_missing"
    assert alice.get("session-key/").json() == answer.json()


def test_a_key_that_a_later_code_replaced_is_stale_and_the_next_login_brings_a_new_one(alice: Api) -> None:
    # The phone calls wx.login, but its code never reaches us.
    alice.wechat.code_for("o-alice", APPID)

    stale = alice.post("session-key/check/").json()["state"]
    alice.log_in("o-alice")

    assert stale == "stale"
    assert alice.get("session-key/").json()["state"] == "unknown"
    assert alice.post("session-key/check/").json()["state"] == "valid"


def test_a_reset_brings_a_key_that_wechat_knows(alice: Api) -> None:
    before = stored()

    answer = alice.post("session-key/reset/")

    assert (answer.status_code, answer.json()["state"], answer.json()["checked_at"]) == (200, "unknown", None)
    assert (
        stored().unseal().reveal()
        == alice.wechat.session_key_of("o-alice", APPID)
        != before.unseal().reveal()
    )
    assert stored().obtained_at > before.obtained_at


def test_a_dead_key_can_not_be_reset(alice: Api) -> None:
    alice.wechat.expire_session_key("o-alice")

    answer = alice.post("session-key/reset/")

    assert (answer.status_code, answer.json()["code"]) == (409, "session_key_missing")
    assert alice.get("session-key/").json()["state"] == "unknown", "only a check says stale"


def test_a_verdict_about_an_older_key_says_nothing_of_a_newer_one(alice: Api) -> None:
    asked_about = session_keys.key_of(stored().wechat_user)
    alice.log_in("o-alice")

    SessionKey.objects.store_check(asked_about, is_live=False)

    assert stored().state == "unknown"
    assert stored().unseal().reveal() == alice.wechat.session_key_of("o-alice", APPID)


def test_the_answer_to_a_reset_does_not_replace_a_key_that_was_asked_for_later(alice: Api) -> None:
    person = stored().wechat_user
    with time_machine.travel(utc_now() - timedelta(minutes=1), tick=False):
        earlier = utc_now()
    newest = stored().unseal()

    SessionKey.objects.store(stored().wechat_user, Secret("b2xkZXItb25lLXRoYXQtaXM="), asked_at=earlier)

    assert session_keys.usable_key_of(person)[1] == newest


def test_a_key_that_no_listed_key_opens_is_no_key(alice: Api, lose_keys: Any) -> None:
    lose_keys()

    answer = alice.post("session-key/check/")

    assert (answer.status_code, answer.json()["code"]) == (409, "session_key_missing")


@pytest.mark.parametrize("path", ["session-key/check/", "session-key/reset/"])
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"errcode": -1}, 503, "wechat_unavailable"),
        ({"errcode": 45011}, 429, "wechat_too_frequent"),
        ({"errcode": 48001}, 502, "wechat_misconfigured"),
        ({"errcode": 40003}, 502, "wechat_misconfigured"),
        ({"errcode": 87008}, 502, "wechat_bad_response"),
        ({"body": "<html>"}, 502, "wechat_bad_response"),
        ({"reset": True}, 503, "wechat_unavailable"),
        ({"delay": 3}, 504, "wechat_timeout"),
    ],
)
def test_trouble_at_wechat_changes_no_state(
    alice: Api, configure: Any, path: str, fault: dict[str, Any], status: int, code: str
) -> None:
    configure(UPSTREAM_DEADLINE=0.5)
    alice.wechat.fault("/wxa/checksession", **fault)
    alice.wechat.fault("/wxa/resetusersessionkey", **fault)

    answer = alice.post(path, headers={"X-Request-ID": "r-1"})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (stored().state, stored().checked_at) == ("unknown", None)
    assert LoginFailure.objects.get(request_id="r-1").code == code


def test_a_reset_that_answers_with_another_persons_key_is_refused(alice: Api) -> None:
    alice.wechat.fault(
        "/wxa/resetusersessionkey", body='{"errcode":0,"openid":"o-bob","session_key":"bWFkZSB1cCBrZXkgISE="}'
    )

    answer = alice.post("session-key/reset/")

    assert (answer.status_code, answer.json()["code"]) == (502, "wechat_bad_response")
    assert stored().unseal().reveal() == alice.wechat.session_key_of("o-alice", APPID)


def test_an_older_key_does_not_replace_a_newer_one_after_a_stall(alice: Api) -> None:
    logins: list[str] = []

    def log_in_during_the_stall(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("UPDATE") and "last_login_at" in sql and not logins:
            logins.append("during the stall")
            alice.log_in()
            time.sleep(0.3)
        return execute(sql, *args)

    with databases.connection().execute_wrapper(log_in_during_the_stall):
        alice.log_in()

    assert logins
    assert stored().unseal().reveal() == alice.wechat.session_key_of("o-alice", APPID)
