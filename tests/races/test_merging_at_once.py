"""Logins of a person whose accounts are merged at the same moment."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.contrib.auth import get_user_model
from django.db import connections

from tests.helpers.open_platform import BOOKS, TEA
from tests.helpers.simultaneous import at_once, log_in_during
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import WeChatUser
from wxlogin.services.accounts import merge_accounts

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_merge_and_logins_of_the_same_person_do_not_stop_each_other(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    for number in range(10):
        openid = f"o-{number}"
        source = post("login/", {"code": wechat.code_for(openid)}).json()["user"]["id"]
        target = post("login/", {"code": wechat.code_for(f"o-target-{number}")}).json()["user"]["id"]

        def merge(source: int = source, target: int = target) -> None:
            users = get_user_model().objects
            merge_accounts(users.get(pk=source), users.get(pk=target), staff=None, reason="same person")
            connections.close_all()

        answers = log_in_during(merge, post, wechat, openid)

        assert [answer.status_code for answer in answers] == [200] * 4
        assert WeChatUser.objects.get(openid=openid).user_id == target
        for answer in answers:
            renewed = post("token/refresh/", {"refresh": answer.json()["refresh"]})
            assert renewed.status_code == 200


def test_a_first_login_that_joins_an_account_while_it_is_merged_ends_up_where_it_went(
    post: Callable[..., requests.Response], wechat: FakeWeChat, one_group: None
) -> None:

    def first_login(openid: str, appid: str) -> requests.Response:
        return post("login/", {"appid": appid, "code": wechat.code_for(openid, appid)})

    for number in range(10):
        for appid in (TEA, BOOKS):
            wechat.person(f"o-{number}-{appid}", unionid=f"u-{number}")
        source = first_login(f"o-{number}-{TEA}", TEA).json()["user"]["id"]
        target = first_login(f"o-target-{number}", TEA).json()["user"]["id"]

        def act(which: int, number: int = number, source: int = source, target: int = target) -> Any:
            if which:
                return first_login(f"o-{number}-{BOOKS}", BOOKS)
            users = get_user_model().objects
            merge_accounts(users.get(pk=source), users.get(pk=target), staff=None, reason="same person")
            connections.close_all()
            return None

        _, answer = at_once(2, act)

        assert answer.status_code == 200
        assert not WeChatUser.objects.filter(user=source).exists()
        assert WeChatUser.objects.filter(user=target).count() == 3
