"""The staff log holds each act, and nobody can change it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.conftest import Api
from wxlogin.clock import utc_now

from .staff import OPENID, WHY, act_url, alice, confirm, log_entry, url


def test_the_log_says_who_did_what_to_whom_why_when_and_from_where(person: Api, superuser: Client) -> None:
    before = utc_now()

    superuser.post(
        act_url("block"),
        {"confirmed": 1, "reason": WHY},
        headers={"X-Request-ID": "support-7"},
        REMOTE_ADDR="203.0.113.77",
    )

    act = log_entry("block")
    assert (act.staff_name, act.action, act.wechat_user, act.reason) == ("root", "block", alice(), WHY)
    assert (act.ip, act.request_id, act.details["sessions"]) == ("203.0.113.77", "support-7", 2)
    assert before <= act.created_at <= utc_now()
    assert act.person
    assert act.person not in OPENID


@pytest.mark.parametrize("name", ["add", "change", "delete"])
def test_nobody_changes_the_staff_log(person: Api, superuser: Client, name: str) -> None:
    confirm(superuser, "block")
    args = [] if name == "add" else [log_entry("block").pk]

    answer = superuser.post(
        reverse(f"admin:wxlogin_staffact_{name}", args=args), {"post": "yes", "reason": "x"}
    )

    assert answer.status_code == 403
    assert log_entry("block").reason == WHY


def test_no_code_changes_the_staff_log_by_mistake(person: Api, superuser: Client) -> None:
    confirm(superuser, "block")
    act = log_entry("block")

    with pytest.raises(TypeError):
        act.save()
    with pytest.raises(TypeError):
        act.delete()


def test_the_log_stays_after_person_and_staff_are_deleted(person: Api, superuser: Client) -> None:
    confirm(superuser, "block")

    User.objects.all().delete()

    act = log_entry("block")
    assert (act.staff, act.staff_name, act.wechat_user, act.reason) == (None, "root", None, WHY)


def test_the_history_of_a_person_is_what_staff_did(person: Api, superuser: Client) -> None:
    confirm(superuser, "block")

    answer = superuser.get(url("wechatuser", "history", alice().pk), follow=True)

    assert "/staffact/?wechat_user__id__exact=" in answer.redirect_chain[0][0]
    assert answer.context["cl"].result_count == 1


def test_the_log_is_searched_by_openid_also_after_a_change_of_the_secret_key(
    person: Api, superuser: Client, settings: Any
) -> None:
    confirm(superuser, "erase")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-made-up-key-that-is-long-enough-for-hs256"
    superuser.force_login(User.objects.get(username="root"))

    listed = superuser.get(url("staffact"), {"q": OPENID})

    assert listed.context["cl"].result_count == 1
