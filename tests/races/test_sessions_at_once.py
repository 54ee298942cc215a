"""Refreshes, logouts and blocks of one person at the same moment."""

from collections.abc import Callable

import jwt
import pytest
import requests
from django.db import connections

from tests.helpers.simultaneous import at_once, log_in_during
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.services.blocking import block

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("round_", range(5))
def test_parallel_refreshes_leave_one_live_generation_and_log_nobody_out(
    post: Callable[..., requests.Response], wechat: FakeWeChat, round_: int
) -> None:
    tokens = post("login/", {"code": wechat.code_for("o-alice")}).json()

    answers = at_once(12, lambda n: post("token/refresh/", {"refresh": tokens["refresh"]}))

    successors = [answer.json()["refresh"] for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * 12
    assert len({generation_and_id(token) for token in successors}) == 1
    assert LoginSession.objects.get().generation == 1
    assert post("token/refresh/", {"refresh": successors[-1]}).status_code == 200


def generation_and_id(refresh: str) -> tuple[int, str]:
    claims = jwt.decode(refresh, options={"verify_signature": False})
    return claims["generation"], claims["jti"]


def test_a_logout_beats_the_refreshes_that_race_it(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    tokens = post("login/", {"code": wechat.code_for("o-alice")}).json()

    def act(number: int) -> requests.Response:
        if number == 0:
            return post("logout/", {}, access=tokens["access"])
        return post("token/refresh/", {"refresh": tokens["refresh"]})

    answers = at_once(8, act)

    assert answers[0].status_code == 204
    for answer in answers[1:]:
        if answer.status_code == 200:
            late = post("token/refresh/", {"refresh": answer.json()["refresh"]})
            assert (late.status_code, late.json()["reason"]) == (401, "logged_out")
    assert LoginSession.objects.get().end_reason == "logged_out"


@pytest.mark.parametrize("how", ["block", "disable"])
def test_a_person_blocked_or_disabled_during_the_login_keeps_no_session(
    post: Callable[..., requests.Response], wechat: FakeWeChat, how: str
) -> None:
    for number in range(10):
        openid = f"o-{number}"
        post("login/", {"code": wechat.code_for(openid)})

        def keep_out(openid: str = openid) -> None:
            person = WeChatUser.objects.select_related("user").get(openid=openid)
            if how == "block":
                block(person, reason="spam")
            else:
                person.user.is_active = False
                person.user.save()
            connections.close_all()

        answers = log_in_during(keep_out, post, wechat, openid)

        assert {answer.status_code for answer in answers} <= {200, 403}
        assert not has_open_session(openid)


def has_open_session(openid: str) -> bool:
    return LoginSession.objects.filter(wechat_user__openid=openid, ended_at=None).exists()
