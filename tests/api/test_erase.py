"""Erasing a person: nothing about them is left, and nobody else is touched."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models import ProtectedError

from tests.api.people import person
from tests.api.uploads import send
from tests.conftest import Api
from tests.helpers import dumps
from tests.helpers.pictures import picture
from tests.settings import APPID
from wxlogin.models import LoginFailure, LoginSession, SessionKey, UnionidOwner, WeChatUser

User = get_user_model()
NUMBER = "13580006666"
OPENID, UNIONID, NICKNAME = "o-PLANTED-openid", "u-PLANTED-unionid", "PLANTED阿丽"


def full_life(api: Api) -> Api:
    """A person with all data that can be stored: a phone, a picture, a nickname, sessions and more."""
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
