"""All pages: who sees them, and that nothing on them is secret, editable or markup."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from tests.conftest import Api
from wxlogin.clock import utc_now
from wxlogin.models import LoginFailure, LoginSession, SessionKey, WeChatUser

from .staff import MODELS, OPENID, UNIONID, action_form, url


@pytest.mark.parametrize("model", MODELS)
def test_a_viewer_sees_lists_and_rows(person: Api, viewer: Client, model: str) -> None:
    rows = {
        "wechatuser": WeChatUser,
        "loginsession": LoginSession,
        "sessionkey": SessionKey,
        "loginfailure": LoginFailure,
    }

    listed = viewer.get(url(model))
    row = viewer.get(url(model, "change", rows[model].objects.latest("pk").pk))

    assert (listed.status_code, row.status_code) == (200, 200)
    assert b'name="_save"' not in row.content
    assert b"<textarea" not in row.content


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_edited_or_deleted_by_hand(person: Api, superuser: Client, model: str) -> None:
    pk = (
        {"wechatuser": WeChatUser, "loginsession": LoginSession, "sessionkey": SessionKey}.get(
            model, LoginFailure
        )
        .objects.latest("pk")
        .pk
    )

    answers = [
        superuser.get(url(model, "add")),
        superuser.post(url(model, "add"), {}),
        superuser.post(url(model, "change", pk), {"nickname": "x", "public_id": "y"}),
        superuser.get(url(model, "delete", pk)),
        superuser.post(url(model, "delete", pk), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert b"delete_selected" not in superuser.get(url(model)).content


@pytest.mark.parametrize("model", MODELS)
def test_without_the_permission_there_is_no_page(
    person: Api, staff_with: Callable[..., Client], model: str
) -> None:
    visitor = staff_with()

    assert visitor.get(url(model)).status_code == 403
    assert Client().get(url(model)).status_code == 302


def test_a_wechat_user_does_not_get_into_the_admin(person: Api) -> None:
    user = get_user_model().objects.get()

    answer = Client().post("/admin/login/", {"username": user.username, "password": ""})

    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies


@pytest.mark.parametrize("model", MODELS)
def test_ids_and_addresses_are_masked_everywhere(person: Api, superuser: Client, model: str) -> None:
    LoginSession.objects.update(ip="203.0.113.77")
    LoginFailure.objects.update(ip="2001:db8:1:2:3:4:5:6")
    LoginFailure.objects.create(created_at=utc_now(), code="x", appid="a", ip="203.0.113.77")
    kind = {"wechatuser": WeChatUser, "loginsession": LoginSession, "sessionkey": SessionKey}.get(
        model, LoginFailure
    )
    pages = [
        url(model),
        *(url(model, page, row.pk) for row in kind.objects.all() for page in ("change", "history")),
    ]

    for page in pages:
        content = superuser.get(page).content.decode()
        for whole in (OPENID, UNIONID, "203.0.113.77", "2001:db8:1:2:3:4:5:6"):
            assert whole not in content, page
    assert "oAli…enid" in superuser.get(url("wechatuser")).content.decode()
    assert "203.0.113.*" in superuser.get(url("loginsession")).content.decode()


@pytest.mark.parametrize(
    "nickname",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}",
        "😀" * 64,
        "=cmd|' /C calc'!A0",
    ],
)
def test_hostile_nicknames_are_only_text(person: Api, support: Client, nickname: str) -> None:
    person.put("me/", {"nickname": nickname})
    pk = WeChatUser.objects.get().pk

    pages = [
        support.get(url("wechatuser")),
        support.get(url("wechatuser", "change", pk)),
        support.get(url("wechatuser", "history", pk)),
        support.post(url("wechatuser"), action_form([pk]), follow=True),
    ]

    for page in pages:
        content = page.content.decode()
        assert "<script>alert" not in content
        assert "<img src=x" not in content
        assert ">49<" not in content
        assert nickname not in re.findall(r"<title>(.*?)</title>", content, re.S)[0]


def test_pages_speak_chinese(person: Api, support: Client) -> None:
    pages = [
        "/admin/",
        *(url(model) for model in MODELS),
        url("wechatuser", "change", WeChatUser.objects.get().pk),
    ]

    for page in pages:
        content = support.get(page, headers={"Accept-Language": "zh-CN"}).content.decode()
        assert "微信" in content, page
        assert "WeChat" not in content, page


def test_the_client_that_was_used_is_shown(person: Api, viewer: Client) -> None:
    LoginSession.objects.update(client="0.1.0-seen")
    LoginFailure.objects.update(client="0.1.0-seen")
    pages = [
        url("wechatuser", "change", WeChatUser.objects.get().pk),
        url("loginsession", "change", LoginSession.objects.latest("pk").pk),
        url("loginfailure", "change", LoginFailure.objects.latest("pk").pk),
    ]

    for page in pages:
        assert "0.1.0-seen" in viewer.get(page).content.decode(), page


def test_sessions_of_an_erased_person_are_shown_without_one(person: Api, viewer: Client) -> None:
    person.delete("me/")
    session = LoginSession.objects.latest("pk")

    listed = viewer.get(url("loginsession"))
    row = viewer.get(url("loginsession", "change", session.pk))

    assert (listed.status_code, row.status_code) == (200, 200)
    assert b"person erased" in row.content
    assert b"erased" in listed.content


def test_deleting_the_django_user_takes_the_person_along(person: Api, superuser: Client) -> None:
    user = get_user_model().objects.get(wechat_users__openid=OPENID)

    answer = superuser.post(reverse("admin:auth_user_delete", args=[user.pk]), {"post": "yes"})

    assert answer.status_code == 302
    assert not WeChatUser.objects.exists()
    assert person.get("me/").json()["code"] == "token_invalid"
