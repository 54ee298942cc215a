"""Logins of a person whose Django user is deleted at the same moment, by Django itself."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import connections
from django.test import Client

from tests.helpers.open_platform import BOOKS, TEA
from tests.helpers.simultaneous import at_once
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import LoginSession, UnionidOwner, WeChatUser

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 20


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("staff", password="made-up"))
    return client


def by_itself(user: AbstractBaseUser, staff: Client) -> None:
    user.delete()


def as_a_queryset(user: AbstractBaseUser, staff: Client) -> None:
    get_user_model().objects.filter(pk=user.pk).delete()


def on_the_users_page(user: AbstractBaseUser, staff: Client) -> None:
    answer = staff.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302


def in_the_list_of_users(user: AbstractBaseUser, staff: Client) -> None:
    chosen = {"action": "delete_selected", "_selected_action": user.pk, "post": "yes"}
    assert staff.post("/admin/auth/user/", chosen).status_code == 302


def only_the_person(user: AbstractBaseUser, staff: Client) -> None:
    WeChatUser.objects.get(user=user).delete()


@pytest.mark.parametrize(
    "delete", [by_itself, as_a_queryset, on_the_users_page, in_the_list_of_users, only_the_person]
)
def test_a_deletion_and_logins_at_once_both_succeed(
    post: Callable[..., requests.Response],
    wechat: FakeWeChat,
    ample_upstream_slots: None,
    staff: Client,
    delete: Callable[..., None],
) -> None:
    for number in range(ROUNDS):
        openid = f"o-{number}"
        before = post("login/", {"code": wechat.code_for(openid)}).json()["user"]["id"]
        user = get_user_model().objects.get(pk=before)
        codes = [wechat.code_for(openid) for _ in range(4)]

        def act(n: int, user: Any = user, codes: Any = codes) -> Any:
            if n < 4:
                return post("login/", {"code": codes[n]})
            delete(user, staff)
            return connections.close_all()

        answers = at_once(5, act)[:4]

        assert [answer.status_code for answer in answers] == [200] * 4
        assert get_user_model().objects.filter(pk=before).exists() == (delete is only_the_person)
        back = WeChatUser.objects.filter(openid=openid)
        live = LoginSession.objects.filter(wechat_user__in=back).count()
        assert (back.count(), live) in {(0, 0), *((1, n) for n in range(1, 5))}


def test_a_deletion_and_a_login_that_joins_the_user_both_succeed(
    post: Callable[..., requests.Response],
    wechat: FakeWeChat,
    live_server: Any,
    one_group: None,
    staff: Client,
) -> None:
    for number in range(ROUNDS):
        codes = []
        for appid in (TEA, BOOKS):
            wechat.person(f"o-{number}-{appid}", unionid=f"u-{number}")
            codes.append(wechat.code_for(f"o-{number}-{appid}", appid))
        first = post("login/", {"appid": TEA, "code": codes[0]}).json()
        user = get_user_model().objects.get(pk=first["user"]["id"])

        def act(n: int, user: Any = user, code: str = codes[1]) -> Any:
            if n == 0:
                return post("login/", {"appid": BOOKS, "code": code})
            on_the_users_page(user, staff)
            return connections.close_all()

        joined = at_once(2, act)[0]

        assert joined.status_code == 200
        assert not get_user_model().objects.filter(pk=first["user"]["id"]).exists()
        assert UnionidOwner.objects.count() == WeChatUser.objects.count() <= number + 1
