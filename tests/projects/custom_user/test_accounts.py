"""Accounts are joined by unionid, merged, and split again."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.utils.module_loading import import_string

from tests.conftest import Api
from tests.helpers.open_platform import BOOKS, TEA
from wxlogin.clock import utc_now
from wxlogin.exceptions import CannotMerge
from wxlogin.models import StaffAct, UnionidOwner, WeChatUser
from wxlogin.services.accounts import merge_accounts, split_identity
from wxlogin.signals import unionid_conflict

from .models import Customer


def user_of(api: Api) -> Customer:
    return Customer.objects.get(pk=api.tokens["user"]["id"])


@pytest.mark.parametrize("factory", ["ours", "the project's"])
def test_one_unionid_in_two_apps_of_a_group_is_one_user(
    log_in: Callable[..., Api], factory: str, request: pytest.FixtureRequest
) -> None:
    if factory != "ours":
        request.getfixturevalue("own_factory")

    tea, books = log_in(TEA), log_in(BOOKS)

    assert tea.tokens["user"]["id"] == books.tokens["user"]["id"]
    assert (tea.tokens["created"], books.tokens["created"]) == (True, False)
    assert UnionidOwner.objects.get().user == Customer.objects.get()


@pytest.mark.parametrize("unionid", [None, ""])
def test_without_a_unionid_nobody_is_joined(log_in: Callable[..., Api], unionid: str | None) -> None:
    people = [log_in(appid, unionid).tokens["user"]["id"] for appid in (TEA, BOOKS)]

    assert len(set(people)) == Customer.objects.count() == 2


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_nobody_is_joined_into_a_staff_account(log_in: Callable[..., Api], right: str) -> None:
    tea = log_in(TEA)
    Customer.objects.update(**{right: True})

    assert log_in(BOOKS).tokens["user"]["id"] != tea.tokens["user"]["id"]


@pytest.mark.django_db(transaction=True)
def test_a_unionid_conflict_sends_a_signal(log_in: Callable[..., Api]) -> None:
    heard = []

    def listen(wechat_user: WeChatUser, others: list[WeChatUser], **kwargs: Any) -> None:
        heard.append((wechat_user.user, [other.user for other in others]))

    unionid_conflict.connect(listen)
    try:
        tea, books = log_in(TEA, None), log_in(BOOKS)
        log_in(TEA)
    finally:
        unionid_conflict.disconnect(listen)

    assert heard == [(user_of(tea), [user_of(books)])]


@pytest.mark.parametrize("factory", ["ours", "the project's"])
def test_accounts_are_merged_and_an_identity_is_split_off_again(
    alice: Api, bob: Api, root: Customer, factory: str, request: pytest.FixtureRequest
) -> None:
    source, target = user_of(alice), user_of(bob)
    if factory != "ours":
        request.getfixturevalue("own_factory")

    [person] = merge_accounts(source, target, staff=root, reason="the same person")
    owner, merged = person.user, alice.refresh().json()
    alone = split_identity(person, staff=root, reason="two people after all")
    split = alice.refresh(merged["refresh"]).json()

    assert owner == target
    assert alone not in (source, target)
    assert not alone.has_usable_password()
    assert alice.get("me/", access=merged["access"]).json()["code"] == "token_invalid"
    assert alice.get("me/", access=split["access"]).json()["id"] == str(alone.pk)
    assert bob.get("me/").status_code == 200
    merge, move = StaffAct.objects.order_by("pk")
    assert (merge.from_user, merge.to_user) == (str(source.pk), str(target.pk))
    assert (move.from_user, move.to_user) == (str(target.pk), str(alone.pk))
    assert {each.staff_name for each in (merge, move)} == {root.email}
    assert {each.staff for each in (merge, move)} == {root}


def test_the_log_of_a_move_stays_after_the_users_are_deleted(alice: Api, bob: Api, root: Customer) -> None:
    ids = str(user_of(alice).pk), str(user_of(bob).pk)
    merge_accounts(user_of(alice), user_of(bob), staff=root, reason="r")

    Customer.objects.all().delete()

    move = StaffAct.objects.get()
    assert (move.from_user, move.to_user) == ids
    assert (move.staff, move.staff_name) == (None, root.email)


def test_an_account_that_the_manager_hides_is_merged_all_the_same(alice: Api, bob: Api) -> None:
    source, target = user_of(alice), user_of(bob)
    Customer.objects.filter(pk=source.pk).update(closed_at=utc_now())

    [person] = merge_accounts(source, target, staff=None, reason="came back as somebody new")

    assert person.user == target


def test_staff_accounts_are_never_merged(alice: Api, root: Customer) -> None:
    with pytest.raises(CannotMerge):
        merge_accounts(user_of(alice), root, staff=root, reason="r")


@pytest.mark.django_db(transaction=True)
def test_log_lines_about_users_are_json_that_can_be_read(
    alice: Api, bob: Api, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source, target = user_of(alice), user_of(bob)
    merge_accounts(source, target, staff=None, reason="r")
    declared = dict(settings.LOGGING["formatters"]["json"])
    formatter: logging.Formatter = import_string(declared.pop("()"))(declared.pop("format"), style="{")

    [record] = [record for record in caplog.records if record.getMessage().startswith("identity moved")]

    facts = json.loads(formatter.format(record))["wxlogin"]
    assert (facts["source"], facts["target"]) == (str(source.pk), str(target.pk))
