from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.management import call_command
from django.test import Client

from tests.admin.staff import confirm
from tests.conftest import Api
from tests.settings import APPID
from wxlogin.models import WeChatUser
from wxlogin.services.erasure import erase

from .models import Guest

PASSWORD = "made-up-password"
OPENID = "oPLANTED-0123456789-01234567"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def guest(api: Api) -> Api:
    return api.log_in(OPENID)


@pytest.fixture
def staff() -> Client:
    """A browser in which a superuser has logged in with the form, which django-axes guards."""
    Guest.objects.create_superuser("root", password=PASSWORD)
    browser = Client()
    browser.post("/admin/login/", {"username": "root", "password": "wrong"})
    assert AccessAttempt.objects.get().username == "root"
    answer = browser.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def history() -> list[str]:
    return list(
        Guest.history.exclude(username="root").order_by("history_id").values_list("history_type", flat=True)
    )


def test_the_checks_find_nothing() -> None:
    call_command("check", fail_level="WARNING")


def test_a_first_login_is_a_row_of_history_and_a_second_is_none(guest: Api) -> None:
    again = guest.log_in(OPENID)

    assert again.tokens["created"] is False
    assert history() == ["+"]


def test_no_row_of_history_holds_an_openid(guest: Api, staff: Client) -> None:
    guest.put("me/", {"nickname": "韩梅梅"})
    guest.delete("me/")

    rows = list(Guest.history.values())
    assert len(rows) >= 2
    assert "PLANTED" not in repr(rows)


def test_people_erase_themselves(guest: Api) -> None:
    answer = guest.delete("me/")

    assert answer.status_code == 204
    assert not Guest.objects.exists()
    assert not WeChatUser.objects.exists()
    assert history() == ["+", "-"]
    assert guest.log_in(OPENID).tokens["created"] is True


def test_code_of_the_project_erases_people(guest: Api) -> None:
    erase(Guest.objects.get())

    assert history() == ["+", "-"]


def test_staff_erase_people_and_the_history_names_who_did(guest: Api, staff: Client) -> None:
    answer = confirm(staff, "erase", WeChatUser.objects.get())

    assert answer.status_code == 200
    assert not WeChatUser.objects.exists()
    assert history() == ["+", "-"]
    assert Guest.history.filter(history_type="-").get().history_user == Guest.objects.get(username="root")


@pytest.mark.parametrize("model", ["wechatuser", "loginsession", "sessionkey", "loginfailure", "overview"])
def test_the_staff_pages_open(guest: Api, staff: Client, model: str) -> None:
    assert staff.get(f"/admin/wxlogin/{model}/").status_code == 200


def test_a_guests_own_page_and_history_open(guest: Api, staff: Client) -> None:
    person = WeChatUser.objects.get()
    pages: list[Any] = [
        staff.get(f"/admin/wxlogin/wechatuser/{person.pk}/change/"),
        staff.get(f"/admin/guests/guest/{person.user_id}/change/"),
        staff.get(f"/admin/guests/guest/{person.user_id}/history/"),
    ]

    assert [page.status_code for page in pages] == [200] * 3
    assert OPENID not in pages[2].content.decode()


def test_wrong_codes_of_a_mini_program_lock_nobody_out(api: Api) -> None:
    for _ in range(12):
        assert api.post("login/", {"code": "never-issued", "appid": APPID}).status_code == 401

    assert not AccessAttempt.objects.exists()
    assert api.log_in(OPENID).tokens["created"] is True
