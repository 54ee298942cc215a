from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.helpers.open_platform import BOOKS, TEA
from tests.helpers.simultaneous import at_once
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import UnionidOwner, WeChatUser

from .models import Customer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ample_upstream_slots")]


@pytest.fixture(params=["ours", "the project's"])
def _either_factory(request: pytest.FixtureRequest) -> None:
    """Run the test with each factory. The project's own makes a user with another e-mail address at each call."""
    if request.param != "ours":
        request.getfixturevalue("own_factory")


@pytest.mark.usefixtures("_either_factory")
def test_sixteen_first_logins_of_one_person_make_one_user_and_leave_no_orphan(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    for people in range(1, 6):
        codes = [wechat.code_for(f"o-{people}") for _ in range(16)]

        answers = at_once(16, lambda n, codes=codes: post("login/", {"code": codes[n]}))

        assert [answer.status_code for answer in answers] == [200] * 16
        assert len({answer.json()["user"]["id"] for answer in answers}) == 1
        assert sum(answer.json()["created"] for answer in answers) == 1
        assert Customer._base_manager.count() == WeChatUser.objects.count() == people


@pytest.mark.usefixtures("_either_factory", "one_group")
def test_sixteen_first_logins_of_one_unionid_in_two_apps_make_one_user_and_leave_no_orphan(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    for people in range(1, 6):
        for appid in (TEA, BOOKS):
            wechat.person(f"o-{people}-{appid}", unionid=f"u-{people}")
        calls = [
            {"appid": appid, "code": wechat.code_for(f"o-{people}-{appid}", appid)}
            for appid in (TEA, BOOKS) * 8
        ]

        answers: list[Any] = at_once(16, lambda n, calls=calls: post("login/", calls[n]))

        assert [answer.status_code for answer in answers] == [200] * 16
        assert len({answer.json()["user"]["id"] for answer in answers}) == 1
        assert Customer._base_manager.count() == UnionidOwner.objects.count() == people
        assert WeChatUser.objects.count() == 2 * people
