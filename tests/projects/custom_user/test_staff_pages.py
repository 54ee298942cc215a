import re
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from tests.conftest import Api
from wxlogin.clock import utc_now
from wxlogin.models import LoginFailure, LoginSession, SessionKey, StaffAct, WeChatUser
from wxlogin.services.accounts import merge_accounts

from .models import Customer

ROWS = {
    "wechatuser": WeChatUser,
    "loginsession": LoginSession,
    "sessionkey": SessionKey,
    "loginfailure": LoginFailure,
    "staffact": StaffAct,
}
LANGUAGES = [("en", "WeChat login"), ("zh-CN", "微信")]


def url(model: str, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:wxlogin_{model}_{page}", args=args)


def user_of(api: Api) -> Customer:
    return Customer.objects.get(pk=api.tokens["user"]["id"])


@pytest.fixture
def moved(alice: Api, bob: Api, root: Customer) -> Customer:
    """Bob's user after Alice's account was merged into it. A login of Bob has been refused, too."""
    merge_accounts(user_of(alice), user_of(bob), staff=root, reason="the same person")
    bob.send_code("never-issued")
    return user_of(bob)


@pytest.mark.parametrize(("language", "word"), LANGUAGES)
@pytest.mark.parametrize("model", ROWS)
def test_every_page_opens(moved: Customer, staff: Client, model: str, language: str, word: str) -> None:
    row = ROWS[model]._default_manager.latest("pk")
    pages = [url(model), url(model, "change", row.pk), url(model, "history", row.pk)]

    answers = [staff.get(page, headers={"Accept-Language": language}, follow=True) for page in pages]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert all(word in answer.content.decode() for answer in answers)


@pytest.mark.parametrize(("language", "word"), LANGUAGES)
def test_the_first_page_opens(moved: Customer, staff: Client, language: str, word: str) -> None:
    answer = staff.get("/admin/", headers={"Accept-Language": language})

    assert answer.status_code == 200
    assert word in answer.content.decode()


def test_a_persons_page_leads_to_the_projects_own_page_of_the_user(moved: Customer, staff: Client) -> None:
    person = WeChatUser.objects.filter(user=moved).latest("pk")
    users_page = reverse("admin:customers_customer_change", args=[moved.pk])

    content = staff.get(url("wechatuser", "change", person.pk)).content.decode()

    assert re.search(
        rf'<a href="{re.escape(users_page)}"><bdi[^>]*>{re.escape(moved.email)}</bdi></a>', content
    )
    assert staff.get(users_page).status_code == 200


def test_the_link_to_the_user_works_with_any_key() -> None:
    """Use a key with an underscore and two digits, which the admin's URLs take for one escaped character."""
    person = WeChatUser(user=Customer(id="no_41", email="no41@shop.example"))

    link = site._registry[WeChatUser].account(person)

    assert reverse("admin:customers_customer_change", args=[quote("no_41")]) in link
    assert "no_41" not in link


@pytest.mark.urls("tests.projects.custom_user.urls_without_customers")
def test_without_an_admin_page_for_users_the_user_is_plain_text(moved: Customer, staff: Client) -> None:
    person = WeChatUser.objects.filter(user=moved).latest("pk")

    answer = staff.get(url("wechatuser", "change", person.pk))

    assert answer.status_code == 200
    assert moved.email in answer.content.decode()
    assert "/customers/" not in answer.content.decode()


def test_the_moves_say_who_went_where_and_who_did_it(moved: Customer, root: Customer, staff: Client) -> None:
    content = staff.get(url("staffact")).content.decode()

    assert str(moved.pk) in content
    assert root.email in content
    assert "the same person" in content


def test_staff_end_a_persons_sessions(alice: Api, bob: Api, staff: Client) -> None:
    person = WeChatUser.objects.get(openid="o-alice")

    staff.post(
        url("wechatuser"),
        {
            "action": "end_sessions",
            "_selected_action": [person.pk],
            "confirmed": 1,
            "reason": "lost phone",
        },
    )

    assert alice.get("me/").json()["reason"] == "ended_by_staff"
    assert bob.get("me/").status_code == 200


def test_deleting_the_user_on_the_projects_page_takes_the_person_along(
    alice: Api, bob: Api, staff: Client
) -> None:
    page = reverse("admin:customers_customer_delete", args=[user_of(alice).pk])

    answer = staff.post(page, {"post": "yes"})

    assert answer.status_code == 302
    assert WeChatUser.objects.get().openid == "o-bob"
    assert alice.get("me/").json()["code"] == "token_invalid"


def test_a_disabled_user_is_shown_as_such(alice: Api, staff: Client) -> None:
    user = user_of(alice)
    user.closed_at = utc_now()
    user.save()

    content = staff.get(url("wechatuser")).content.decode()

    assert 'wxlogin-bad">account disabled<' in content


def test_a_filter_that_the_database_can_not_answer_is_not_offered(alice: Api, staff: Client) -> None:
    """The user model computes ``is_active``, so no query can ask for it."""
    offered = staff.get(url("wechatuser")).content.decode()
    typed = staff.get(url("wechatuser"), {"state": "disabled"})

    assert "?state=blocked" in offered
    assert "?state=disabled" not in offered
    assert (typed.status_code, typed.context["cl"].result_count) == (200, 0)
