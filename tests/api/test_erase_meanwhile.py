"""Erasing while something else happens or fails: merges, projects that listen, storages that fail."""

import json
import logging
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.storage import default_storage
from django.db import OperationalError

from tests.api.people import person
from tests.api.uploads import send
from tests.conftest import Api
from tests.helpers import dumps
from tests.helpers.pictures import picture
from tests.settings import APPID
from wxlogin import signals
from wxlogin.clock import utc_now
from wxlogin.exceptions import CannotMerge
from wxlogin.models import LoginSession, StaffAct, UnionidOwner, WeChatUser
from wxlogin.services import accounts, erasure

User = get_user_model()


def test_what_staff_wrote_about_the_person_goes_too(alice: Api, bob: Api) -> None:
    accounts.merge_accounts(person("o-bob").user, person().user, staff=None, reason="same phone 13580006666")
    accounts.split_identity(person("o-bob"), staff=None, reason="was 阿丽 after all")

    for openid in ("o-alice", "o-bob"):
        erasure.erase(person(openid).user)

    assert list(StaffAct.objects.values_list("action", "reason", "wechat_user")) == [
        ("merge", "", None),
        ("split", "", None),
    ]


def test_an_identity_that_joins_the_user_meanwhile_is_erased_too(alice: Api) -> None:
    erased = []

    def join(user: Any, wechat_users: list[WeChatUser], **kwargs: Any) -> None:
        erased.append([each.openid for each in wechat_users])
        if len(erased) == 1:
            now = utc_now()
            WeChatUser.objects.create(
                user=user, appid="wx-books", openid="o-second", created_at=now, last_login_at=now
            )

    signals.person_erased.connect(join)
    try:
        alice.delete("me/")
    finally:
        signals.person_erased.disconnect(join)

    assert erased == [["o-alice"], ["o-second"]]
    assert not WeChatUser.objects.exists()


def test_nobody_can_be_merged_or_split_who_is_gone(alice: Api, bob: Api) -> None:
    gone, identity, here = person().user, person(), person("o-bob").user
    erasure.erase(person().user)

    for act in (
        lambda: accounts.merge_accounts(gone, here, staff=None, reason="x"),
        lambda: accounts.merge_accounts(here, gone, staff=None, reason="x"),
        lambda: accounts.split_identity(identity, staff=None, reason="x"),
    ):
        with pytest.raises(CannotMerge) as refused:
            act()
        assert refused.value.code == "gone"


def test_a_picture_that_can_not_be_deleted_stops_it_all(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    send(alice, picture())
    before = alice.get("me/export/").json()

    def fail(*args: Any) -> None:
        raise RuntimeError("PLANTED bucket password")

    monkeypatch.setattr(type(default_storage), "delete", fail, raising=False)
    failed = alice.delete("me/")

    assert (failed.status_code, failed.json()["code"]) == (503, "storage_unavailable")
    assert alice.get("me/export/").json() == before
    monkeypatch.undo()
    assert alice.delete("me/").status_code == 204


def test_a_project_erases_its_own_rows_along(alice: Api) -> None:
    seen = []

    def erase_orders(user: Any, wechat_users: list[WeChatUser], **kwargs: Any) -> None:
        seen.append((User.objects.filter(pk=user.pk).exists(), [each.openid for each in wechat_users]))

    signals.person_erased.connect(erase_orders)
    try:
        alice.delete("me/")
    finally:
        signals.person_erased.disconnect(erase_orders)

    assert seen == [(True, ["o-alice"])]


def test_a_project_that_fails_takes_the_erasure_back(alice: Api) -> None:
    def fail(**kwargs: Any) -> None:
        raise OperationalError("shop is locked")

    signals.person_erased.connect(fail)
    try:
        answer = alice.delete("me/")
    finally:
        signals.person_erased.disconnect(fail)

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert alice.get("me/").status_code == 200


def test_erasing_twice_at_once_is_erasing_once(alice: Api) -> None:
    user = person().user

    erasure.erase(user)
    erasure.erase(user)

    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_it_is_in_the_log_without_a_name(alice: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    alice.delete("me/")

    assert "session ended" in caplog.text
    assert "reason=erased" in caplog.text
    assert "person erased identities=1" in caplog.text
    assert "o-alice" not in caplog.text


def test_a_conflicting_person_keeps_the_unionid(api: Api, configure: Any) -> None:
    other = "wx00000000000000bb"
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in (APPID, other)})
    alice = Api(api.wechat, api.send_code(api.wechat.code_for("o-1", APPID), appid=APPID).json(), api.client)
    api.wechat.person("o-2", unionid="u-1")
    api.send_code(api.wechat.code_for("o-2", other), appid=other)
    api.wechat.person("o-1", unionid="u-1")
    api.send_code(api.wechat.code_for("o-1", APPID), appid=APPID)
    assert User.objects.count() == 2

    alice.delete("me/")

    assert WeChatUser.objects.get().openid == "o-2"
    assert UnionidOwner.objects.get().user == WeChatUser.objects.get().user


def test_a_split_identity_can_be_erased(alice: Api) -> None:
    accounts.split_identity(person(), staff=None, reason="two people")
    tokens = Api(alice.wechat, alice.refresh().json(), alice.client)

    answer = tokens.delete("me/")

    assert answer.status_code == 204
    assert not WeChatUser.objects.exists()
    assert json.dumps(list(LoginSession.objects.values_list("end_reason", flat=True))) == '["erased"]'


def test_a_unionid_goes_although_its_owner_is_somebody_else(api: Api, configure: Any) -> None:
    """The owner row of a unionid can name a user who no longer has it, after a split."""
    books = "wx00000000000000bb"
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in (APPID, books)})
    for openid in ("o-tea", "o-books"):
        api.wechat.person(openid, unionid="u-PLANTED")
    api.send_code(api.wechat.code_for("o-tea", APPID), appid=APPID)
    tokens = api.send_code(api.wechat.code_for("o-books", books), appid=books).json()
    accounts.split_identity(person("o-books"), staff=None, reason="two people")
    device = Api(api.wechat, tokens, api.client)
    device.tokens = device.refresh().json()
    api.wechat.person("o-tea", unionid="u-other")
    api.send_code(api.wechat.code_for("o-tea", APPID), appid=APPID)
    owner = UnionidOwner.objects.get(unionid="u-PLANTED").user
    assert owner == person("o-tea").user != person("o-books").user

    answer = device.delete("me/")

    assert answer.status_code == 204
    assert b"u-PLANTED" not in dumps.database()
    assert [each.unionid for each in UnionidOwner.objects.all()] == ["u-other"]
    assert person("o-tea").user == owner
