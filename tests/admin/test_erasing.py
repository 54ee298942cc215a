"""Staff erase people."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.conftest import Api
from wxlogin.clock import utc_now
from wxlogin.models import StaffAct, WeChatUser
from wxlogin.services import pictures
from wxlogin.signals import person_erased

from .staff import OPENID, PHONE, WHY, act_url, alice, confirm, log_entry, url


def test_erasing_begins_with_a_dry_run_that_touches_nothing(person: Api, superuser: Client) -> None:
    person.wechat.person(OPENID, phone=PHONE)
    person.post("phone/", {"code": person.wechat.phone_code_for(OPENID)})

    form = superuser.get(act_url("erase")).content.decode()

    counts = dict(re.findall(r"<th scope=\"row\"><bdi v-pre>(.*?)</bdi></th><td>(\d+)</td>", form))
    assert counts == {
        "identities": "1",
        "login sessions, kept without a person": "2",
        "phone numbers": "1",
        "pictures": "0",
        "session keys": "1",
        "blocks that go on": "0",
        "accounts deleted": "1",
        "accounts kept, staff&#x27;s or with a password": "0",
    }
    assert person.get("me/").status_code == 200


def test_an_erased_person_is_gone_and_the_log_still_finds_them(person: Api, superuser: Client) -> None:
    result = confirm(superuser, "erase").content.decode()
    listed = superuser.get(url("staffact"), {"q": OPENID})

    assert "1 identity erased" in result
    assert not WeChatUser.objects.exists()
    assert person.get("me/").json()["reason"] == "erased"
    act = log_entry("erase")
    assert (act.wechat_user, act.reason) == (None, WHY)
    assert listed.context["cl"].result_count == 1
    assert OPENID not in str(StaffAct.objects.values_list())


def test_a_picture_that_can_not_be_deleted_stops_the_erasure(
    person: Api, superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    WeChatUser.objects.update(avatar="wxlogin/avatars/a.png")
    monkeypatch.setattr(pictures, "_storage", lambda: None)

    result = confirm(superuser, "erase").content.decode()

    assert "A picture could not be deleted" in result
    assert alice().avatar.name == "wxlogin/avatars/a.png"
    assert not StaffAct.objects.exists()


def test_an_identity_that_joins_meanwhile_is_recorded_too(person: Api, superuser: Client) -> None:
    """A first login in another app may add an identity while the erasure waits for its locks."""
    user = alice().user

    def join(wechat_users: list[WeChatUser], **kwargs: Any) -> None:
        if wechat_users[0].openid == OPENID:
            now = utc_now()
            WeChatUser.objects.create(
                user=user, appid="wx-other", openid="o2", created_at=now, last_login_at=now
            )

    person_erased.connect(join)
    try:
        result = confirm(superuser, "erase").content.decode()
    finally:
        person_erased.disconnect(join)

    assert "2 identities erased" in result
    assert StaffAct.objects.filter(action="erase").count() == 2
