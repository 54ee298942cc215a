import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection
from rest_framework.test import APIRequestFactory
from rest_framework_simplejwt.views import TokenRefreshView

from tests.conftest import Api
from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, WeChatUser


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def generation_and_id(token: str) -> tuple[int, str]:
    return claims(token)["generation"], claims(token)["jti"]


def test_the_answer_is_the_documented_one(alice: Api) -> None:
    answer = alice.refresh()

    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh", "expires_in", "refresh_expires_in"}
    assert alice.get("me/", access=answer.json()["access"]).status_code == 200


def test_within_the_grace_a_spent_refresh_gives_the_same_successor(alice: Api) -> None:
    first, again = alice.refresh(), alice.refresh()

    assert again.status_code == 200
    assert generation_and_id(first.json()["refresh"]) == generation_and_id(again.json()["refresh"])
    assert LoginSession.objects.get().generation == 1


def test_after_the_grace_a_spent_refresh_ends_the_session(alice: Api) -> None:
    successor = alice.refresh().json()
    with time_machine.travel(utc_now() + timedelta(seconds=31), tick=False):
        answer = alice.refresh()

    assert (answer.status_code, answer.json()["reason"]) == (401, "reused_refresh")
    assert alice.get("me/", access=successor["access"]).json()["reason"] == "reused_refresh"
    assert alice.refresh(successor["refresh"]).json()["reason"] == "reused_refresh"
    assert LoginSession.objects.get().end_reason == "reused_refresh"


def test_a_grandparent_ends_the_session_even_within_the_grace(alice: Api) -> None:
    child = alice.refresh().json()["refresh"]
    grandchild = alice.refresh(child).json()["refresh"]

    answer = alice.refresh()

    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
    assert alice.refresh(grandchild).json()["reason"] == "reused_refresh"


def test_the_end_is_on_disk_although_the_answer_is_a_refusal(
    alice: Api, configure: Any, settings: Any
) -> None:
    settings.DATABASES["default"]["ATOMIC_REQUESTS"] = True
    configure(REFRESH_GRACE=0)
    try:
        alice.refresh()
        alice.refresh()
    finally:
        settings.DATABASES["default"]["ATOMIC_REQUESTS"] = False

    assert LoginSession.objects.get().end_reason == "reused_refresh"


def test_the_grace_survives_a_lost_answer_however_often_it_is_lost(alice: Api) -> None:
    tokens = {generation_and_id(alice.refresh().json()["refresh"]) for _ in range(5)}

    assert len(tokens) == 1


def test_a_refresh_of_a_generation_that_a_restored_backup_does_not_know_is_only_refused(alice: Api) -> None:
    ahead = alice.refresh().json()["refresh"]
    LoginSession.objects.update(generation=0)

    answer = alice.refresh(ahead)

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert LoginSession.objects.get().ended_at is None


@pytest.mark.django_db(transaction=True)
def test_a_slow_commit_does_not_shorten_the_grace(
    alice: Api, configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit() -> None:
        time.sleep(0.5)
        real()

    configure(REFRESH_GRACE=0.3)
    real = connection.commit
    monkeypatch.setattr(connection, "commit", commit)

    first, again = alice.refresh(), alice.refresh()

    assert (first.status_code, again.status_code) == (200, 200)


def test_the_idle_limit_slides_and_the_absolute_one_does_not(alice: Api, configure: Any) -> None:
    configure(SESSION_IDLE=3600, SESSION_ABSOLUTE=24 * 3600)
    start = utc_now()
    device = alice.log_in()
    token = device.tokens["refresh"]
    ends = []
    for minutes in range(50, 1440, 50):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            answer = device.refresh(token).json()
        token = answer["refresh"]
        ends.append(claims(token)["exp"] - start.timestamp())

    assert ends[0] == pytest.approx(50 * 60 + 3600, abs=5)
    assert max(ends) <= 24 * 3600 + 5
    with time_machine.travel(start + timedelta(hours=24, seconds=10), tick=False):
        over = device.refresh(token)
    assert (over.status_code, over.json()["reason"]) == (401, "expired")


def test_a_refresh_left_unused_past_the_idle_limit_says_that_the_session_expired(alice: Api) -> None:
    with time_machine.travel(utc_now() + timedelta(days=8), tick=False):
        answer = alice.refresh()

    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
    assert answer.json()["reason"] == "expired"
    assert LoginSession.objects.get().end_reason == "expired"


def test_last_seen_moves_at_a_refresh(alice: Api) -> None:
    later = utc_now() + timedelta(hours=5)

    with time_machine.travel(later, tick=False):
        alice.refresh()

    assert abs(LoginSession.objects.get().last_seen_at - later) < timedelta(seconds=1)


@pytest.mark.parametrize("reason", ["logged_out", "ended_by_staff", "replaced", "erased"])
def test_the_refresh_of_an_ended_session_says_how_it_ended(alice: Api, reason: str) -> None:
    LoginSession.objects.all().end(reason)

    answer = alice.refresh()

    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (
        401,
        "session_ended",
        reason,
    )


@pytest.mark.parametrize("who", ["user", "person"])
def test_a_disabled_account_is_refused_and_enabling_it_revives_nothing(alice: Api, who: str) -> None:
    other_device = alice.log_in()
    if who == "user":
        get_user_model().objects.update(is_active=False)
    else:
        WeChatUser.objects.update(blocked_at=utc_now())

    refused = alice.refresh()
    get_user_model().objects.update(is_active=True)
    WeChatUser.objects.update(blocked_at=None)

    assert (refused.status_code, refused.json()["reason"]) == (401, "account_disabled")
    assert alice.refresh().json()["reason"] == "account_disabled"
    assert other_device.get("me/").json()["reason"] == "account_disabled"


@pytest.mark.parametrize("body", [{}, {"refresh": None}, {"refresh": 7}, {"refresh": ["t"]}, {"refresh": ""}])
def test_a_missing_refresh_is_a_malformed_request(api: Api, body: dict[str, Any]) -> None:
    answer = api.post("token/refresh/", body)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["refresh"])


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "a" * 60_000, "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_invalid(api: Api, token: str) -> None:
    answer = api.refresh(token)

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_access_token_is_no_refresh(alice: Api) -> None:
    answer = alice.refresh(alice.tokens["access"])

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_simple_jwts_own_refresh_view_does_not_take_ours(alice: Api) -> None:
    request = APIRequestFactory().post("/", {"refresh": alice.tokens["refresh"]}, format="json")

    assert TokenRefreshView.as_view()(request).status_code == 401


def test_the_tokens_of_a_deleted_user_are_invalid(alice: Api) -> None:
    get_user_model().objects.all().delete()

    answers = [alice.refresh(), alice.get("me/")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(401, "token_invalid")] * 2
    assert not WeChatUser.objects.exists()


def test_a_refresh_does_not_need_wechat(alice: Api) -> None:
    alice.wechat.stop()

    assert alice.refresh().status_code == 200


def test_reuse_is_logged_without_the_token(
    alice: Api, configure: Any, caplog: pytest.LogCaptureFixture
) -> None:
    configure(REFRESH_GRACE=0)
    alice.refresh()

    # A grace of nothing begins when the answer is on its way.
    time.sleep(0.2)
    alice.refresh()

    assert "refresh reused" in caplog.text
    assert alice.tokens["refresh"] not in caplog.text


def test_no_refresh_token_is_stored(alice: Api) -> None:
    stored = " ".join(str(value) for value in LoginSession.objects.values().get().values())

    assert alice.tokens["refresh"] not in stored
    assert alice.tokens["refresh"].rpartition(".")[2] not in stored


def test_a_lost_answer_at_the_edge_of_the_idle_limit_is_given_again(alice: Api) -> None:
    edge = utc_now() + timedelta(days=7)
    with time_machine.travel(edge - timedelta(seconds=5), tick=False):
        successor = alice.refresh().json()["refresh"]

    with time_machine.travel(edge + timedelta(seconds=5), tick=False):
        again = alice.refresh()

    assert again.status_code == 200
    assert generation_and_id(again.json()["refresh"]) == generation_and_id(successor)


def test_an_old_copy_past_its_time_is_reuse_and_no_ordinary_expiry(
    alice: Api, caplog: pytest.LogCaptureFixture
) -> None:
    half_a_week, start = timedelta(days=3.5), utc_now()
    with time_machine.travel(start + half_a_week, tick=False):
        child = alice.refresh().json()["refresh"]
    with time_machine.travel(start + 2 * half_a_week, tick=False):
        current = alice.refresh(child).json()["refresh"]

    with time_machine.travel(start + 2 * half_a_week + timedelta(hours=1), tick=False):
        stolen, own = alice.refresh(), alice.refresh(current)

    assert [answer.json()["reason"] for answer in (stolen, own)] == ["reused_refresh"] * 2
    assert "refresh reused" in caplog.text
