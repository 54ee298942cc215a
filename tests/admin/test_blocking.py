"""Staff block people and unblock them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import make_aware

from tests.conftest import Api
from wxlogin.admin.acts import Block
from wxlogin.models import StaffAct, WeChatUser

from .staff import OPENID, confirm, url


@pytest.fixture
def guard(staff_with: Callable[..., Client]) -> Client:
    return staff_with("view_wechatuser", "block_wechatuser")


def selection(action: str, **data: Any) -> dict[str, Any]:
    return {"action": action, "_selected_action": [WeChatUser.objects.get(openid=OPENID).pk], **data}


def test_blocking_asks_for_a_reason_before_it_does_anything(person: Api, guard: Client) -> None:
    form = guard.post(url("wechatuser"), selection("block"))
    without_reason = guard.post(url("wechatuser"), selection("block", confirmed=1, reason=" "))
    past = guard.post(
        url("wechatuser"),
        selection("block", confirmed=1, reason="x", until_0="2020-01-01", until_1="00:00:00"),
    )

    for answer in (form, without_reason, past):
        assert answer.status_code == 200
        assert 'name="confirmed"' in answer.content.decode()
    assert "This is in the past" in past.content.decode()
    assert person.get("me/").status_code == 200


def test_a_block_counts_at_the_next_request_and_ended_sessions_stay_ended(person: Api, guard: Client) -> None:
    blocked = guard.post(
        url("wechatuser"), selection("block", confirmed=1, reason="spam", public="on"), follow=True
    )
    refused, login = person.get("me/"), person.send_code(openid=OPENID)
    page = guard.get(url("wechatuser", "change", WeChatUser.objects.get().pk)).content.decode()
    unblocked = guard.post(url("wechatuser"), selection("unblock", confirmed=1, reason="appeal"), follow=True)

    assert "Blocked, and 2 login sessions ended" in blocked.content.decode()
    assert refused.json()["reason"] == "account_disabled"
    assert (login.status_code, login.json()["reason"]) == (403, "spam")
    assert "spam" in page
    assert "1 person may log in again" in unblocked.content.decode()
    assert person.get("me/").status_code == 401
    assert person.send_code(openid=OPENID).status_code == 200


def test_a_block_can_have_an_end(person: Api, guard: Client) -> None:
    guard.post(
        url("wechatuser"),
        selection("block", confirmed=1, reason="x", until_0="2099-01-01", until_1="00:00:00"),
    )

    assert WeChatUser.objects.get().blocked_until == make_aware(datetime(2099, 1, 1))


def test_a_block_ends_within_a_lifetime(person: Api, superuser: Client) -> None:
    answer = confirm(superuser, "block", until_0="9999-12-31", until_1="23:59:00")

    assert "This is too far ahead" in answer.content.decode()
    assert not StaffAct.objects.exists()


@pytest.mark.parametrize("action", ["block", "unblock"])
def test_without_the_permission_nobody_is_blocked(person: Api, support: Client, action: str) -> None:
    support.post(url("wechatuser"), selection(action, confirmed=1, reason="x"))

    assert WeChatUser.objects.get().blocked_at is None
    assert action not in dict(support.get(url("wechatuser")).context["action_form"].fields["action"].choices)
    assert person.get("me/").status_code == 200


def test_a_crowd_is_not_blocked_in_one_go(
    person: Api, guard: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Block, "max_rows", 0)

    answer = guard.post(url("wechatuser"), selection("block", confirmed=1, reason="x"), follow=True)

    assert "Choose at most" in answer.content.decode()
    assert person.get("me/").status_code == 200


def test_a_block_from_another_site_is_refused(person: Api, guard: Client) -> None:
    forger = Client(enforce_csrf_checks=True)
    forger.cookies = guard.cookies

    answer = forger.post(url("wechatuser"), selection("block", confirmed=1, reason="x"))

    assert answer.status_code == 403
    assert person.get("me/").status_code == 200


def test_the_block_page_speaks_chinese(person: Api, guard: Client) -> None:
    page = guard.post(
        url("wechatuser"), selection("block"), headers={"Accept-Language": "zh-CN"}
    ).content.decode()

    assert "封禁原因" in page
    assert "Block" not in page
