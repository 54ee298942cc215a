"""Logins of a person who is erased at the same moment."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.contrib.auth import get_user_model
from django.db import connections

from tests.helpers.open_platform import BOOKS, TEA
from tests.helpers.simultaneous import at_once
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.services.erasure import erase

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_login_and_an_erasure_at_once_leave_nobody_half_erased(
    post: Callable[..., requests.Response], wechat: FakeWeChat, ample_upstream_slots: None
) -> None:
    for number in range(20):
        openid = f"o-{number}"
        before = post("login/", {"code": wechat.code_for(openid)}).json()["user"]["id"]
        user = get_user_model().objects.get(pk=before)
        codes = [wechat.code_for(openid) for _ in range(5)]

        def act(n: int, user: Any = user, codes: Any = codes) -> Any:
            if n == 5:
                erase(user)
                connections.close_all()
                return None
            return post("login/", {"code": codes[n]})

        answers = [answer for answer in at_once(6, act) if answer is not None]

        assert [answer.status_code for answer in answers] == [200] * 5
        assert not get_user_model().objects.filter(pk=before).exists()
        back = WeChatUser.objects.filter(openid=openid)
        ids = {answer.json()["user"]["id"] for answer in answers}
        assert ids - {before} == set(back.values_list("user_id", flat=True))
        live = LoginSession.objects.filter(wechat_user__in=back, ended_at=None).count()
        assert live == sum(answer.json()["user"]["id"] != before for answer in answers)
    erased = LoginSession.objects.filter(wechat_user=None)
    assert set(erased.values_list("end_reason", flat=True)) == {"erased"}


def test_eight_erasures_of_one_person_at_once_are_one(
    post: Callable[..., requests.Response], wechat: FakeWeChat, live_server: Any
) -> None:
    access = post("login/", {"code": wechat.code_for("o-alice")}).json()["access"]
    url, headers = f"{live_server.url}/api/wechat/me/", {"Authorization": f"Bearer {access}"}

    answers = at_once(8, lambda n: requests.delete(url, headers=headers, timeout=30).status_code)

    assert set(answers) <= {204, 401}
    assert 204 in answers
    assert not get_user_model().objects.exists()


def test_a_first_login_during_an_erasure_is_a_new_person_or_erased(
    post: Callable[..., requests.Response], wechat: FakeWeChat, live_server: Any, one_group: None
) -> None:
    for number in range(20):
        codes = []
        for appid in (TEA, BOOKS):
            wechat.person(f"o-{number}-{appid}", unionid=f"u-{number}")
            codes.append(wechat.code_for(f"o-{number}-{appid}", appid))
        first = post("login/", {"appid": TEA, "code": codes[0]}).json()
        user = get_user_model().objects.get(pk=first["user"]["id"])

        def act(n: int, user: Any = user, code: str = codes[1]) -> Any:
            if n:
                erase(user)
                return connections.close_all()
            return post("login/", {"appid": BOOKS, "code": code})

        joined = at_once(2, act)[0]

        assert joined.status_code == 200
        bearer = {"Authorization": f"Bearer {joined.json()['access']}"}
        answer = requests.get(f"{live_server.url}/api/wechat/me/", headers=bearer, timeout=30)
        assert (answer.status_code, answer.json().get("reason")) in {(200, None), (401, "erased")}
