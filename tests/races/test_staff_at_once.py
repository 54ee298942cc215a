"""Acts of staff on one person at the same moment."""

from collections.abc import Callable

import pytest
import requests
from django.contrib.auth import get_user_model
from django.db import connections

from tests.helpers.simultaneous import at_once
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import LoginSession, StaffAct, WeChatUser
from wxlogin.services.sessions import end_sessions
from wxlogin.services.staff import revealing

pytestmark = pytest.mark.django_db(transaction=True)


def test_sessions_that_two_of_the_staff_end_at_once_are_ended_and_recorded_once(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    for _ in range(6):
        post("login/", {"code": wechat.code_for("o-alice")})
    clerks = [get_user_model().objects.create(username=f"clerk-{number}") for number in range(4)]

    def end(number: int) -> int:
        try:
            return end_sessions(LoginSession.objects.with_person(), staff=clerks[number], reason="lost phone")
        finally:
            connections.close_all()

    ended = at_once(4, end)

    recorded = StaffAct.objects.filter(action="end_sessions")
    assert sum(ended) == 6
    assert sum(act.details["sessions"] for act in recorded) == 6
    assert not LoginSession.objects.filter(ended_at=None).exists()


def test_parallel_reveals_do_not_pass_the_limit(
    post: Callable[..., requests.Response], wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revealing, "MAX_REVEALS", 3)
    post("login/", {"code": wechat.code_for("o-alice")})
    clerk = get_user_model().objects.create(username="clerk")

    def reveal(number: int) -> str:
        try:
            return revealing.reveal(WeChatUser.objects.get(), "openid", staff=clerk, reason="asked")
        except revealing.TooManyReveals:
            return ""
        finally:
            connections.close_all()

    assert sorted(at_once(8, reveal)) == [""] * 5 + ["o-alice"] * 3
    assert StaffAct.objects.count() == 3
