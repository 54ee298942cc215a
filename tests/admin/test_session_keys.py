"""Staff ask WeChat about session keys."""

from django.test import Client

from tests.conftest import Api
from wxlogin.models import SessionKey, StaffAct, WeChatUser

from .staff import OPENID, WHY, action_form, alice, confirm, log_entry, url


def test_wechat_is_asked_whether_the_session_key_holds(person: Api, superuser: Client) -> None:
    holds = confirm(superuser, "check_session_key").content.decode()
    person.wechat.expire_session_key(OPENID)
    gone = confirm(superuser, "check_session_key").content.decode()

    assert "the session key holds" in holds
    assert "WeChat no longer knows the session key" in gone
    assert SessionKey.objects.get().state == "stale"
    assert [act.action for act in StaffAct.objects.all()] == ["check_session_key"] * 2
    assert person.get("me/").status_code == 200, "nobody is logged out"


def test_the_session_key_is_replaced(person: Api, superuser: Client) -> None:
    before = bytes(SessionKey.objects.get().sealed)

    result = confirm(superuser, "reset_session_key").content.decode()

    assert "WeChat gave a new session key" in result
    assert bytes(SessionKey.objects.get().sealed) != before
    assert log_entry("reset_session_key").reason == WHY


def test_if_wechat_is_down_it_is_asked_once_and_staff_see_why(
    person: Api, bob: Api, superuser: Client
) -> None:
    person.wechat.fault("/wxa/checksession", reset=True, times=9)
    chosen = [person.pk for person in WeChatUser.objects.all()]
    data = {**action_form(chosen), "action": "check_session_key"}

    result = superuser.post(url("wechatuser"), data, follow=True).content.decode()

    assert "The others were not asked about." in result
    assert StaffAct.objects.count() == 1


def test_a_failed_act_of_staff_stores_no_ip_address_of_theirs(person: Api, superuser: Client) -> None:
    person.wechat.fault("/wxa/checksession", errcode=45011, times=9)

    confirm(superuser, "check_session_key")

    failure = alice().failures.get()
    assert (failure.code, failure.ip) == ("wechat_too_frequent", None)
