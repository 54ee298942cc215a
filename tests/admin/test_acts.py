"""Rules for every act of staff: a reason first, no request from another site, protection of other staff."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import Api
from wxlogin.clock import utc_now
from wxlogin.models import StaffAct, WeChatUser

from .staff import WHY, act_url, alice, confirm, log_entry

ACTS_ON_PEOPLE = [
    "end_sessions",
    "block",
    "unblock",
    "check_session_key",
    "reset_session_key",
    "split",
    "reveal",
    "erase",
]


@pytest.mark.parametrize("name", ACTS_ON_PEOPLE)
def test_nothing_is_done_before_a_reason_is_given(person: Api, superuser: Client, name: str) -> None:
    if name == "split":
        WeChatUser.objects.create(
            user=alice().user,
            appid="wx-other",
            openid="o2",
            created_at=utc_now(),
            last_login_at=utc_now(),
        )
    form = superuser.get(act_url(name))
    blank = superuser.post(act_url(name), {"confirmed": 1, "reason": " ", "field": "openid"})
    long = superuser.post(act_url(name), {"confirmed": 1, "reason": "x" * 201, "field": "openid"})

    for answer in (form, blank, long):
        assert answer.status_code == 200
        assert 'id="wxlogin-act"' in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
    assert not StaffAct.objects.exists()
    assert person.get("me/").status_code == 200
    assert "/wxa/" not in str(person.wechat.calls)


@pytest.mark.parametrize("name", ACTS_ON_PEOPLE)
def test_an_act_from_another_site_is_refused(person: Api, superuser: Client, name: str) -> None:
    forger = Client(enforce_csrf_checks=True)
    forger.cookies = superuser.cookies

    answer = forger.post(act_url(name), {"confirmed": 1, "reason": WHY, "field": "openid"})

    assert answer.status_code == 403
    assert not StaffAct.objects.exists()
    assert person.get("me/").status_code == 200


def test_an_act_that_does_not_exist_is_no_page(person: Api, superuser: Client) -> None:
    assert superuser.get(act_url("end_sessions").replace("end_sessions", "promote")).status_code == 404
    assert superuser.get(act_url("end_sessions").replace(f"/{alice().pk}/", "/999999/")).status_code == 404
    assert superuser.get(act_url("erase").replace("erase", "export")).status_code == 404


@pytest.mark.parametrize("name", ["erase", "reveal", "block"])
def test_only_a_superuser_does_this_to_one_of_the_staff(
    person: Api, staff_with: Callable[..., Client], superuser: Client, name: str
) -> None:
    User.objects.filter(pk=alice().user_id).update(is_staff=True)
    clerk = staff_with("view_wechatuser", f"{name}_wechatuser")

    result = confirm(clerk, name, field="openid").content.decode()

    assert "Only a superuser may do this" in result
    assert not StaffAct.objects.exists()
    confirm(superuser, name, field="openid")
    assert StaffAct.objects.get().action == name


def test_a_second_person_in_the_address_counts_for_a_merge_only(
    person: Api, bob: Api, superuser: Client
) -> None:
    other = WeChatUser.objects.get(openid="o-bob")

    confirm(superuser, "block", other=other.pk)

    assert log_entry("block").wechat_user == alice()
    assert bob.get("me/").status_code == 200
