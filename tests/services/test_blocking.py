from datetime import timedelta

import pytest
import time_machine

from tests.conftest import Api
from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.services.blocking import block, unblock


def person() -> WeChatUser:
    return WeChatUser.objects.get(openid="o-alice")


def test_a_block_refuses_login_refresh_and_requests_at_once(alice: Api, bob: Api) -> None:
    tablet = alice.log_in()

    ended = block(person(), reason="spam")

    assert ended == 2
    assert alice.get("me/").json()["reason"] == "account_disabled"
    assert tablet.refresh().json()["reason"] == "account_disabled"
    assert alice.send_code().json()["code"] == "account_disabled"
    assert bob.get("me/").status_code == 200
    assert LoginSession.objects.filter(end_reason="account_disabled").count() == 2


def test_the_reason_is_shown_if_it_is_public(alice: Api) -> None:
    block(person(), reason="spam", public=True)

    assert alice.send_code().json()["reason"] == "spam"


def test_an_unblocked_person_logs_in_again_and_old_sessions_stay_ended(alice: Api) -> None:
    block(person(), reason="spam", public=True)

    unblock(person(), reason="appeal")

    assert alice.get("me/").json()["reason"] == "account_disabled"
    assert alice.refresh().json()["reason"] == "account_disabled"
    assert alice.send_code().status_code == 200
    assert (person().block_reason, person().block_reason_public) == ("", False)


def test_a_block_with_an_end_ends_and_revives_nothing(alice: Api) -> None:
    end = utc_now() + timedelta(hours=1)
    block(person(), reason="cool down", until=end)

    refused = alice.send_code()
    with time_machine.travel(end + timedelta(seconds=1), tick=False):
        allowed, old = alice.send_code(), alice.refresh()

    assert refused.status_code == 403
    assert allowed.status_code == 200
    assert old.json()["reason"] == "account_disabled"


def test_another_identity_of_the_same_user_is_not_blocked(alice: Api, bob: Api) -> None:
    WeChatUser.objects.filter(openid="o-bob").update(user=person().user)
    other = bob.log_in("o-bob")

    block(person(), reason="spam")

    assert other.get("me/").status_code == 200


def test_blocking_a_person_who_was_deleted_meanwhile_does_nothing(alice: Api) -> None:
    gone = person()
    WeChatUser.objects.all().delete()

    assert block(gone, reason="spam") == 0
    unblock(gone, reason="appeal")


@pytest.mark.parametrize("reason", ["", " ", "x" * 201])
def test_a_reason_is_asked_for(alice: Api, reason: str) -> None:
    with pytest.raises(ValueError, match="a reason has 1 to 200 characters"):
        block(person(), reason=reason)

    assert alice.get("me/").status_code == 200
