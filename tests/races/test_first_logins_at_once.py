"""First logins of one person, or of several people, at the same moment."""

from collections.abc import Callable

import pytest
import requests
from django.contrib.auth import get_user_model

from tests.helpers.open_platform import BOOKS, TEA
from tests.helpers.simultaneous import at_once
from wxlogin.clock import utc_now
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import LoginSession, WeChatUser

pytestmark = pytest.mark.django_db(transaction=True)


def test_thirty_two_first_logins_of_one_person_make_one_user(
    post: Callable[..., requests.Response], wechat: FakeWeChat, ample_upstream_slots: None
) -> None:
    for people in range(1, 21):
        codes = [wechat.code_for(f"o-new-{people}") for _ in range(32)]

        answers = at_once(32, lambda n, codes=codes: post("login/", {"code": codes[n]}))

        assert [answer.status_code for answer in answers] == [200] * 32
        assert get_user_model().objects.count() == WeChatUser.objects.count() == people
        assert len({answer.json()["user"]["id"] for answer in answers}) == 1
        assert sum(answer.json()["created"] for answer in answers) == 1
        assert LoginSession.objects.live(utc_now()).count() == 10 * people


def test_thirty_two_first_logins_of_one_unionid_in_two_apps_make_one_user(
    post: Callable[..., requests.Response], wechat: FakeWeChat, ample_upstream_slots: None, one_group: None
) -> None:
    for people in range(1, 21):
        for appid in (TEA, BOOKS):
            wechat.person(f"o-{people}-{appid}", unionid=f"u-{people}")
        calls = [(appid, wechat.code_for(f"o-{people}-{appid}", appid)) for appid in (TEA, BOOKS) * 16]

        answers = at_once(
            32, lambda n, calls=calls: post("login/", {"appid": calls[n][0], "code": calls[n][1]})
        )

        assert [answer.status_code for answer in answers] == [200] * 32
        assert get_user_model().objects.count() == people
        assert WeChatUser.objects.count() == 2 * people
        assert len({answer.json()["user"]["id"] for answer in answers}) == 1


def test_sixteen_first_logins_are_answered_with_the_default_settings(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    codes = [wechat.code_for("o-new") for _ in range(16)]

    answers = at_once(16, lambda n: post("login/", {"code": codes[n]}))

    assert [answer.status_code for answer in answers] == [200] * 16
    assert get_user_model().objects.count() == WeChatUser.objects.count() == 1


def test_sixteen_people_at_once_are_sixteen_users(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    codes = [wechat.code_for(f"o-{number}") for number in range(16)]

    answers = at_once(16, lambda n: post("login/", {"code": codes[n]}))

    assert [answer.status_code for answer in answers] == [200] * 16
    assert get_user_model().objects.count() == 16


def test_one_code_sent_by_many_logs_in_once(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    code = wechat.code_for("o-alice")

    answers = at_once(8, lambda n: post("login/", {"code": code}))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
