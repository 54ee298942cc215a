"""Staff merge two accounts, and split one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import Api
from wxlogin.models import StaffAct, WeChatUser

from .staff import act_url, alice, confirm, log_entry, url


def merge(browser: Client, one: WeChatUser, other: WeChatUser, keep: WeChatUser, **answers: Any) -> Any:
    return confirm(browser, "merge", one, other=other.pk, keep=keep.user_id, **answers)


def test_two_accounts_are_merged_after_a_preview_of_both(person: Api, bob: Api, superuser: Client) -> None:
    one, other = alice(), WeChatUser.objects.get(openid="o-bob")
    form = superuser.get(act_url("merge", one, **{"with": other.pk})).content.decode()

    result = merge(superuser, one, other, keep=other).content.decode()

    assert str(one.user) in form
    assert str(other.user) in form
    assert "2 live sessions" in form
    assert "Merged: 1 identity moved." in result
    assert alice().user == other.user
    assert person.get("me/").json()["code"] == "token_invalid"
    assert person.refresh().status_code == 200
    assert (log_entry("merge").from_user, log_entry("merge").to_user) == (
        str(one.user_id),
        str(other.user_id),
    )


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (
            lambda one, other: WeChatUser.objects.filter(pk=other.pk).update(user=one.user),
            "one account already",
        ),
        (lambda one, other: User.objects.filter(pk=other.user_id).update(is_staff=True), "staff account"),
        (lambda one, other: other.delete(), "Choose two people"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused_in_words(
    person: Api, bob: Api, superuser: Client, spoil: Callable[..., Any], why: str
) -> None:
    one, other = alice(), WeChatUser.objects.get(openid="o-bob")
    keep, pk = one, other.pk
    spoil(one, other)

    result = confirm(superuser, "merge", one, other=pk, keep=keep.user_id).content.decode()

    assert why in result
    assert not StaffAct.objects.exists()


def test_only_one_of_the_two_accounts_can_be_kept(person: Api, bob: Api, superuser: Client) -> None:
    one, other = alice(), WeChatUser.objects.get(openid="o-bob")

    answer = confirm(superuser, "merge", one, other=other.pk, keep=User.objects.get(username="root").pk)

    assert 'id="wxlogin-act"' in answer.content.decode()
    assert alice().user == one.user


@pytest.fixture
def conflict(api: Api, configure: Any) -> list[WeChatUser]:
    """Two accounts with one unionid. The first learned its unionid only after the second account was made."""
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in ("wx-tea", "wx-books")})
    for appid, unionid in [("wx-tea", None), ("wx-books", "u"), ("wx-tea", "u")]:
        api.wechat.person(f"o-{appid}", unionid=unionid)
        api.send_code(api.wechat.code_for(f"o-{appid}", appid), appid=appid)
    return list(WeChatUser.objects.order_by("pk"))


def test_a_conflict_is_shown_with_the_way_to_merge_it(conflict: list[WeChatUser], superuser: Client) -> None:
    tea, books = conflict
    content = superuser.get(url("wechatuser", "change", tea.pk)).content.decode()
    merge_url = act_url("merge", tea, **{"with": books.pk})
    assert "same unionid, another account" in content
    assert merge_url in content

    merge(superuser, tea, books, keep=tea)

    content = superuser.get(url("wechatuser", "change", tea.pk)).content.decode()
    assert "same account" in content
    assert "unionid conflict" not in content


def test_an_identity_that_staff_split_off_is_no_conflict(
    conflict: list[WeChatUser], superuser: Client
) -> None:
    tea, books = conflict
    merge(superuser, tea, books, keep=tea)

    result = confirm(superuser, "split", books).content.decode()

    content = superuser.get(url("wechatuser", "change", tea.pk)).content.decode()
    assert "Split: the identity has an account of its own." in result
    assert len({person.user_id for person in WeChatUser.objects.all()}) == 2
    assert "staff said that these are two people" in content
    assert "unionid conflict" not in content
    assert superuser.get(url("wechatuser"), {"state": "conflict"}).context["cl"].result_count == 0


def make_a_clerk(**identity: str) -> User:
    return User.objects.create(username="clerk", is_staff=True)


def test_a_factory_that_fails_splits_nothing_and_staff_read_why(
    conflict: list[WeChatUser], superuser: Client, configure: Any
) -> None:
    tea, books = conflict
    merge(superuser, tea, books, keep=tea)
    configure(USER_FACTORY=f"{__name__}.make_a_clerk")

    result = confirm(superuser, "split", books).content.decode()

    assert "Not split" in result
    assert "USER_FACTORY returned a staff account" in result
    assert len({person.user_id for person in WeChatUser.objects.all()}) == 1
    assert not User.objects.filter(username="clerk").exists()


def test_a_person_of_one_identity_can_not_be_split(person: Api, superuser: Client) -> None:
    result = confirm(superuser, "split").content.decode()

    assert "There is nothing to split" in result
    assert not StaffAct.objects.exists()
