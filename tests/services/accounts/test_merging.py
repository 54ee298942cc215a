from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from tests.conftest import Api
from wxlogin import signals
from wxlogin.exceptions import CannotMerge
from wxlogin.models import LoginSession, StaffAct, UnionidOwner, WeChatUser
from wxlogin.services.accounts import merge_accounts, split_identity


@pytest.fixture
def clerk(db: None) -> User:
    return User.objects.create(username="clerk", is_staff=True)


@pytest.fixture
def during() -> Any:
    """Connect a receiver for one test."""
    connected = []

    def connect(signal: Any, receiver: Callable[..., None]) -> None:
        signal.connect(receiver)
        connected.append((signal, receiver))

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)


def user_of(api: Api) -> User:
    return get_user_model().objects.get(pk=api.tokens["user"]["id"])


def test_a_merge_moves_identities_with_their_sessions(alice: Api, bob: Api, clerk: User) -> None:
    source, target = user_of(alice), user_of(bob)

    moved = merge_accounts(source, target, staff=clerk, reason="the same person")

    renewed = alice.refresh().json()
    assert [person.openid for person in moved] == ["o-alice"]
    assert set(target.wechat_users.values_list("openid", flat=True)) == {"o-alice", "o-bob"}
    assert LoginSession.objects.filter(ended_at=None).count() == 2
    assert alice.get("me/", access=renewed["access"]).json()["id"] == target.pk
    assert alice.log_in("o-alice").tokens["user"]["id"] == target.pk


def test_access_tokens_from_before_a_merge_need_a_refresh(alice: Api, bob: Api) -> None:
    merge_accounts(user_of(alice), user_of(bob), staff=None, reason="r")

    answer = alice.get("me/")

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert alice.refresh().status_code == 200


def test_the_log_of_a_merge_stays_after_the_users_are_deleted(alice: Api, bob: Api, clerk: User) -> None:
    source, target = user_of(alice), user_of(bob)
    merge_accounts(source, target, staff=clerk, reason="asked by phone")

    ids = str(source.pk), str(target.pk)
    User.objects.all().delete()

    move = StaffAct.objects.get()
    assert (move.action, move.from_user, move.to_user) == ("merge", *ids)
    assert (move.staff, move.staff_name, move.reason) == (None, "clerk", "asked by phone")
    assert move.wechat_user is None


def test_a_project_can_re_point_its_own_rows_in_a_merge(alice: Api, bob: Api, during: Any) -> None:
    received = []
    during(signals.accounts_merged, lambda source, target, **kwargs: received.append((source.pk, target.pk)))

    merge_accounts(user_of(alice), user_of(bob), staff=None, reason="r")

    assert received == [(user_of(alice).pk, user_of(bob).pk)]


def test_a_project_that_can_not_follow_stops_the_merge(alice: Api, bob: Api, during: Any) -> None:
    def refuse(**kwargs: Any) -> None:
        raise LookupError

    during(signals.accounts_merged, refuse)

    with pytest.raises(LookupError):
        merge_accounts(user_of(alice), user_of(bob), staff=None, reason="r")

    assert not StaffAct.objects.exists()
    assert alice.get("me/").status_code == 200


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
@pytest.mark.parametrize("which", ["source", "target"])
def test_staff_accounts_are_never_merged(alice: Api, bob: Api, right: str, which: str) -> None:
    source, target = user_of(alice), user_of(bob)
    stale = {"source": source, "target": target}[which]
    # The objects at hand don't know it yet.
    User.objects.filter(pk=stale.pk).update(**{right: True})

    with pytest.raises(CannotMerge) as refusal:
        merge_accounts(source, target, staff=None, reason="r")

    assert refusal.value.code == "staff_account"
    assert WeChatUser.objects.get(openid="o-alice").user == source


def test_nobody_is_merged_with_themselves(alice: Api) -> None:
    with pytest.raises(CannotMerge) as refusal:
        merge_accounts(user_of(alice), user_of(alice), staff=None, reason="r")

    assert refusal.value.code == "same_user"


def test_a_merge_takes_the_unionid_along(alice: Api, bob: Api) -> None:
    UnionidOwner.objects.create(group="g", unionid="u", user=user_of(alice))

    merge_accounts(user_of(alice), user_of(bob), staff=None, reason="r")

    assert UnionidOwner.objects.get().user == user_of(bob)


def test_an_identity_can_be_split_off_again(alice: Api, bob: Api, clerk: User, during: Any) -> None:
    received = []
    during(signals.identity_split, lambda source, target, **kwargs: received.append((source.pk, target.pk)))
    shared = user_of(bob)
    [person] = merge_accounts(user_of(alice), shared, staff=clerk, reason="wrong")

    target = split_identity(person, staff=clerk, reason="two people after all")

    person.refresh_from_db()
    renewed = alice.refresh().json()
    assert person.user == target
    assert target not in (shared, user_of(alice))
    assert not target.has_usable_password()
    assert alice.get("me/", access=renewed["access"]).json()["id"] == target.pk
    assert bob.get("me/").status_code == 200
    assert list(StaffAct.objects.order_by("pk").values_list("action", flat=True)) == ["merge", "split"]
    assert received == [(shared.pk, target.pk)]


def test_staff_accounts_are_not_split(alice: Api) -> None:
    User.objects.update(is_staff=True)

    with pytest.raises(CannotMerge):
        split_identity(WeChatUser.objects.get(), staff=None, reason="r")


def test_a_split_reads_the_present_user_of_the_identity(alice: Api, bob: Api) -> None:
    stale = WeChatUser.objects.select_related("user").get(openid="o-alice")
    merge_accounts(user_of(alice), user_of(bob), staff=None, reason="r")
    User.objects.filter(pk=user_of(bob).pk).update(is_staff=True)

    with pytest.raises(CannotMerge) as refusal:
        split_identity(stale, staff=None, reason="r")

    assert refusal.value.code == "staff_account"
    assert not StaffAct.objects.filter(action="split").exists()


def test_a_split_from_a_stale_object_records_the_right_account(alice: Api, bob: Api) -> None:
    stale = WeChatUser.objects.select_related("user").get(openid="o-alice")
    merge_accounts(user_of(alice), user_of(bob), staff=None, reason="r")

    split_identity(stale, staff=None, reason="r")

    assert StaffAct.objects.get(action="split").from_user == str(user_of(bob).pk)


def test_a_merge_of_an_account_without_identities_is_recorded_too(alice: Api, clerk: User) -> None:
    empty = User.objects.create(username="bought-by-mail")

    moved = merge_accounts(empty, user_of(alice), staff=clerk, reason="same customer")

    move = StaffAct.objects.get()
    assert (moved, move.wechat_user, move.from_user) == ([], None, str(empty.pk))


def test_sessions_of_a_disabled_account_are_not_revived_by_a_merge(alice: Api, bob: Api) -> None:
    User.objects.filter(pk=user_of(alice).pk).update(is_active=False)

    merge_accounts(user_of(alice), user_of(bob), staff=None, reason="r")

    assert alice.refresh().json()["reason"] == "account_disabled"
    assert bob.get("me/").status_code == 200


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_reason_is_asked_for(alice: Api, bob: Api, reason: str) -> None:
    with pytest.raises(ValueError, match="a reason has 1 to 200 characters"):
        merge_accounts(user_of(alice), user_of(bob), staff=None, reason=reason)

    assert WeChatUser.objects.get(openid="o-alice").user == user_of(alice)
