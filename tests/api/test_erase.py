import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.db.models import ProtectedError
from django.utils import timezone

from tests.conftest import Api
from tests.helpers import dumps
from tests.settings import APPID
from wxlogin import signals
from wxlogin.exceptions import CannotMerge
from wxlogin.models import (
    CarriedBlock,
    LoginFailure,
    LoginSession,
    SessionKey,
    StaffAct,
    UnionidOwner,
    WeChatUser,
)
from wxlogin.services import accounts, blocking, erasure

from .test_avatar import picture, send

User = get_user_model()
NUMBER = "13580006666"
OPENID, UNIONID, NICKNAME = "o-PLANTED-openid", "u-PLANTED-unionid", "PLANTED阿丽"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def person(openid: str = "o-alice") -> WeChatUser:
    return WeChatUser.objects.select_related("user").get(openid=openid)


def full_life(api: Api) -> Api:
    """Somebody of whom we know all there is to know."""
    api.wechat.person(OPENID, unionid=UNIONID, phone=NUMBER, nickname=NICKNAME)
    known = api.log_in(OPENID)
    api.log_in(OPENID)
    known.put("me/", {"nickname": NICKNAME})
    known.post("phone/", {"code": api.wechat.phone_code_for(OPENID)})
    send(known, picture(size=(64, 64)))
    known.post("session-key/check/")
    known.post("open-data/", api.wechat.open_data(OPENID, {"openId": OPENID, "nickName": NICKNAME}))
    known.post("logout/", headers={"User-Agent": "PLANTED-phone"})
    return api.log_in(OPENID)


def test_nothing_is_left_of_the_person_anywhere(api: Api, configure: Any, media: Path) -> None:
    configure(APPS={APPID: {"SECRET": "s", "OPEN_PLATFORM": "ours"}})
    alice = full_life(api)
    avatar = alice.get("me/").json()["avatar"].rpartition("/")[2]
    username = person(OPENID).user.get_username()
    traces = [OPENID, UNIONID, NUMBER, NICKNAME, avatar, username]
    before = dumps.everything()
    assert [
        trace for trace in (OPENID, UNIONID, NICKNAME, avatar, username) if trace.encode() not in before
    ] == []

    answer = alice.delete("me/")

    assert (answer.status_code, answer.content) == (204, b"")
    after = dumps.everything()
    assert [trace for trace in traces if trace.encode() in after] == []
    assert not [path for path in media.rglob("*") if path.is_file()]
    assert not User.objects.exists()
    assert not WeChatUser.objects.exists()
    assert not SessionKey.objects.exists()
    assert not UnionidOwner.objects.exists()


def test_the_tokens_are_dead_and_say_why(alice: Api) -> None:
    other_phone = alice.log_in()

    alice.delete("me/")

    for device in (alice, other_phone):
        for answer in (device.get("me/"), device.delete("me/"), device.refresh()):
            assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
            assert answer.json()["reason"] == "erased"


def test_the_sessions_stay_without_a_trace_of_whose_they_were(alice: Api) -> None:
    alice.log_in().post("logout/")
    LoginSession.objects.update(user_agent="phone", release="12", client="0.1.0")

    alice.delete("me/")

    sessions = LoginSession.objects.all()
    assert sessions.count() == 2
    assert {(s.wechat_user, s.ip, s.user_agent) for s in sessions} == {(None, None, "")}
    assert {(s.release, s.client) for s in sessions} == {("", "")}
    assert sorted(s.end_reason for s in sessions) == ["erased", "logged_out"]
    assert all(s.ended_at for s in sessions)


def test_the_failures_stay_without_a_trace_of_whose_they_were(alice: Api) -> None:
    alice.post("phone/", {"code": "never-issued"}, headers={"X-Wxlogin-Client": "0.1.0"})
    before = LoginFailure.objects.get()
    assert (before.wechat_user, before.client) == (person(), "0.1.0")

    alice.delete("me/")

    after = LoginFailure.objects.get()
    assert (after.wechat_user, after.ip, after.client) == (None, None, "")


def test_the_next_login_is_a_new_person(alice: Api) -> None:
    alice.put("me/", {"nickname": "Anna"})
    before = alice.tokens["user"]

    alice.delete("me/")
    again = alice.send_code().json()

    assert again["created"] is True
    assert again["user"]["id"] != before["id"]
    assert again["user"] == {**again["user"], "nickname": "", "avatar": None, "phone_bound": False}
    assert again["user"]["created_at"] > before["created_at"]


def test_nobody_else_is_touched(alice: Api, bob: Api) -> None:
    send(bob, picture())
    before = bob.get("me/export/").json()

    alice.delete("me/")

    assert bob.get("me/export/").json() == before


def test_all_apps_of_the_user_are_erased(api: Api, configure: Any) -> None:
    other = "wx00000000000000bb"
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in (APPID, other)})
    devices = []
    for appid in (APPID, other):
        api.wechat.person(f"o-{appid}", unionid="u-1")
        code = api.wechat.code_for(f"o-{appid}", appid)
        devices.append(Api(api.wechat, api.send_code(code, appid=appid).json(), api.client))
    assert User.objects.count() == 1

    devices[0].delete("me/")

    assert not WeChatUser.objects.exists()
    assert devices[1].get("me/").json()["reason"] == "erased"


@pytest.mark.parametrize("keeps", ["staff", "superuser", "password"])
def test_a_user_who_is_more_than_a_wechat_user_is_kept_and_unlinked(alice: Api, keeps: str) -> None:
    user = person().user
    if keeps == "password":
        user.set_password("made-up-password")
    else:
        setattr(user, f"is_{keeps}", True)
    user.save()

    answer = alice.delete("me/")

    assert answer.status_code == 204
    assert User.objects.filter(pk=user.pk).exists()
    assert not WeChatUser.objects.exists()
    assert alice.get("me/").json()["reason"] == "erased"
    assert alice.send_code().json()["user"]["id"] != user.pk


def test_a_user_whom_the_project_protects_is_kept_and_unlinked(
    alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def protected(self: Any, *args: Any, **kwargs: Any) -> None:
        raise ProtectedError("orders", set())

    monkeypatch.setattr(User, "delete", protected)

    answer = alice.delete("me/")

    assert answer.status_code == 204
    assert User.objects.count() == 1
    assert not WeChatUser.objects.exists()


# A block survives


def block(**how: Any) -> None:
    blocking.block(person(), reason="spam of 阿丽", **how)


def test_a_block_survives_and_staff_can_lift_it(alice: Api) -> None:
    block(public=True)
    erasure.erase(person().user)
    assert "阿丽" not in dumps.database().decode(errors="replace")
    assert b"o-alice" not in dumps.database()

    refused = alice.send_code()
    again = alice.send_code()
    back = person()
    reason = (back.block_reason, back.block_reason_public)
    blocking.unblock(back, reason="appeal")
    allowed = alice.send_code()

    for answer in (refused, again):
        assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")
        assert answer.json()["reason"] == "spam of 阿丽"
    assert reason == ("spam of 阿丽", True)
    assert not CarriedBlock.objects.exists()
    assert allowed.status_code == 200


def test_a_private_reason_stays_private(alice: Api) -> None:
    block()
    erasure.erase(person().user)

    assert "reason" not in alice.send_code().json()


def test_a_block_ends_when_it_was_to_end(alice: Api) -> None:
    block(until=timezone.now() + timedelta(hours=1))
    erasure.erase(person().user)
    carried = CarriedBlock.objects.get()
    assert carried.forgotten_at == carried.blocked_until

    CarriedBlock.objects.update(blocked_until=timezone.now(), forgotten_at=timezone.now())

    assert alice.send_code().status_code == 200


def test_the_trace_of_a_block_without_an_end_is_bounded(alice: Api, configure: Any) -> None:
    configure(RETENTION=timedelta(days=3))
    block()
    erasure.erase(person().user)

    carried = CarriedBlock.objects.get()

    assert timedelta(days=2.9) < carried.forgotten_at - timezone.now() <= timedelta(days=3)


def test_a_block_is_recognised_after_the_keys_rotated(alice: Api, configure: Any, settings: Any) -> None:
    old, new = "b2xkLWtleS1vZi0zMi1ieXRlcy1tYWRlLXVwLSEhISE=", "bmV3LWtleS1vZi0zMi1ieXRlcy1tYWRlLXVwLSEhISE="
    configure(ENCRYPTION_KEYS=[old])
    alice.log_in()
    block(public=True)
    erasure.erase(person().user)

    configure(ENCRYPTION_KEYS=[new, old])

    assert alice.send_code().json()["reason"] == "spam of 阿丽"


def test_who_was_not_blocked_leaves_no_trace(alice: Api) -> None:
    block(until=timezone.now() - timedelta(seconds=1))

    erasure.erase(person().user)

    assert not CarriedBlock.objects.exists()


def test_a_carried_block_does_not_reach_another_app_or_person(alice: Api, bob: Api) -> None:
    block()
    erasure.erase(person().user)

    assert bob.log_in("o-bob")
    assert alice.log_in("o-Alice")


def disable(user: Any) -> None:
    if hasattr(user, "closed_at"):  # tests/projects/custom_user
        user.closed_at = timezone.now()
    else:
        user.is_active = False
    user.save()


def test_a_disabled_account_is_not_revived(alice: Api) -> None:
    user = person().user
    disable(user)

    erasure.erase(user)
    answer = alice.send_code()

    assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")
    assert "reason" not in answer.json()
    assert person().block_reason == "The account was disabled when the person was erased."


# What can go wrong


def test_what_staff_wrote_about_the_person_goes_too(alice: Api, bob: Api) -> None:
    accounts.merge_accounts(person("o-bob").user, person().user, staff=None, reason="same phone 13580006666")
    accounts.split_identity(person("o-bob"), staff=None, reason="was 阿丽 after all")

    for openid in ("o-alice", "o-bob"):
        erasure.erase(person(openid).user)

    assert list(StaffAct.objects.values_list("action", "reason", "wechat_user")) == [
        ("merge", "", None),
        ("split", "", None),
    ]


def test_who_joins_the_user_meanwhile_is_erased_too(alice: Api) -> None:
    told = []

    def join(user: Any, wechat_users: list[WeChatUser], **kwargs: Any) -> None:
        told.append([each.openid for each in wechat_users])
        if len(told) == 1:
            now = timezone.now()
            WeChatUser.objects.create(
                user=user, appid="wx-books", openid="o-second", created_at=now, last_login_at=now
            )

    signals.person_erased.connect(join)
    try:
        alice.delete("me/")
    finally:
        signals.person_erased.disconnect(join)

    assert told == [["o-alice"], ["o-second"]]
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
