"""The events by which people withdraw their consent, and what a project hears of pushed messages."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command

from tests.api.consent import ALL, NO_PHONE, NO_PROFILE, data_of, fill_profile
from tests.api.people import person
from tests.api.pushes import EVENTS, PUSH_TOKEN, XML, message, secure
from tests.conftest import Api
from tests.settings import APPID
from wxlogin import databases, signals
from wxlogin.clock import utc_now
from wxlogin.models import ReceivedPush, WeChatUser
from wxlogin.services import events


@pytest.mark.parametrize(
    ("item", "left"),
    [
        ("6", NO_PROFILE),
        ("19", NO_PROFILE),
        ("20", NO_PROFILE),
        (6, NO_PROFILE),
        ("8", NO_PHONE),
        (8, NO_PHONE),
        (" 8 ", NO_PHONE),
        ("6,8", {"nickname": False, "avatar": False, "phone": False}),
        ("1", ALL),
        ("18", ALL),
        ("", ALL),
        (None, ALL),
        ("86", ALL),
    ],
)
def test_a_revoked_item_is_deleted(alice: Api, media: Path, item: Any, left: dict[str, bool]) -> None:
    fill_profile(alice)

    answer = secure(alice, message("user_authorization_revoke", RevokeInfo=item))

    assert answer.content == b"success"
    assert data_of() == left
    assert bool(list(media.rglob("*.jpg"))) == left["avatar"]
    assert alice.get("me/").status_code == 200


def test_a_cancellation_erases_the_person(alice: Api, media: Path) -> None:
    fill_profile(alice)

    answer = secure(alice, message("user_authorization_cancellation"))

    assert answer.content == b"success"
    assert not WeChatUser.objects.exists()
    assert not list(media.rglob("*.jpg"))
    assert alice.get("me/").json()["reason"] == "erased"


@pytest.mark.parametrize(
    "spelled",
    [
        {"Event": "USER_AUTHORIZATION_CANCELLATION"},
        {"Event": " user_authorization_cancellation "},
        {"MsgType": "Event"},
        {"AppID": None},
    ],
)
def test_wechats_ways_of_spelling_are_understood(alice: Api, spelled: dict[str, Any]) -> None:
    secure(alice, {**message("user_authorization_cancellation"), **spelled})

    assert not WeChatUser.objects.exists()


def test_names_in_lower_case_and_with_blanks_are_understood(alice: Api) -> None:
    sent = {f" {name.lower()} ": value for name, value in message("user_authorization_cancellation").items()}

    secure(alice, sent)

    assert not WeChatUser.objects.exists()


@pytest.mark.parametrize(
    "openid", ["o-bob", "O-ALICE", "o-nobody", "", None, "o-alice\0", "阿丽", "x" * 300, ["o-alice"]]
)
def test_only_the_person_in_openid_is_meant(alice: Api, bob: Api, openid: Any) -> None:
    answer = secure(alice, message("user_authorization_cancellation", openid, FromUserName="o-alice"))

    assert answer.content == b"success"
    assert person("o-alice")


def test_a_message_that_names_another_app_acts_on_nobody(alice: Api) -> None:
    answer = secure(alice, message("user_authorization_cancellation", AppID="wx-another"))

    assert answer.content == b"success"
    assert person()


def test_a_repeat_is_answered_and_acts_once(
    alice: Api, received: Any, django_capture_on_commit_callbacks: Any
) -> None:
    once = message("user_authorization_cancellation")

    with django_capture_on_commit_callbacks(using=databases.alias(), execute=True):
        first = secure(alice, once)
        alice.log_in("o-alice")
        repeat = secure(alice, once)

    assert first.content == repeat.content == b"success"
    assert person(), "who came back meanwhile is not erased by an event from before"
    assert len(received) == 1


def test_a_copy_of_an_old_event_stays_harmless_after_a_purge(alice: Api, configure: Any) -> None:
    cancellation, other = message("user_authorization_cancellation"), message("something_else")
    for each in (cancellation, other):
        secure(alice, each)
    alice.log_in("o-alice")
    ReceivedPush.objects.update(received_at=utc_now() - timedelta(days=400))

    call_command("wxlogin_purge")
    replayed = secure(alice, cancellation)

    assert replayed.content == b"success"
    assert person(), "who came back is not erased by it"
    assert ReceivedPush.objects.count() == 1, "what can do no harm is forgotten"


def test_what_failed_is_acted_on_with_the_next_attempt(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_profile(alice)
    once = message("user_info_modified")

    def fail(*args: Any) -> None:
        raise OSError("disk")

    with monkeypatch.context() as broken:
        broken.setattr(type(default_storage), "delete", fail, raising=False)
        failed = secure(alice, once)
        in_between = data_of()
    again = secure(alice, once)

    assert failed.status_code == 503
    assert in_between == ALL
    assert again.content == b"success"
    assert data_of() == NO_PROFILE


@pytest.mark.parametrize(
    "sent",
    [
        {"Event": "user_info_modified"},
        {"Event": "user_authorization_revoke", "RevokeInfo": "6,8"},
        {"Event": "user_authorization_cancellation"},
    ],
)
def test_a_person_who_is_erased_at_that_very_moment_is_no_failure(
    alice: Api, monkeypatch: pytest.MonkeyPatch, sent: dict[str, str]
) -> None:
    found = events._person_in

    def and_then_erased(*args: Any) -> WeChatUser | None:
        wechat_user = found(*args)
        WeChatUser.objects.get().user.delete()
        return wechat_user

    monkeypatch.setattr(events, "_person_in", and_then_erased)

    answer = secure(alice, {**message("x"), **sent})

    assert (answer.status_code, answer.content) == (200, b"success")


def test_a_project_hears_of_everything_once(
    alice: Api, received: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(using=databases.alias(), execute=True):
        secure(alice, message("subscribe_msg_popup_event", List=[{"TemplateId": "t"}]))
        secure(alice, message("user_authorization_revoke", RevokeInfo="2"))
        secure(alice, {"MsgType": "text", "FromUserName": "o-alice", "Content": "你好"}, XML)

    assert [each["message"].get("event") for each in received] == [
        "subscribe_msg_popup_event",
        "user_authorization_revoke",
        None,
    ]
    assert received[0]["appid"] == APPID
    assert received[0]["wechat_user"] == person()
    assert received[0]["message"]["list"] == [{"TemplateId": "t"}]
    assert received[2]["wechat_user"] is None
    assert received[2]["message"]["content"] == "你好"


def test_a_receiver_that_fails_does_not_stop_the_erasure(
    alice: Api, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**kwargs: Any) -> None:
        raise ZeroDivisionError

    signals.push_received.connect(fail)
    try:
        with django_capture_on_commit_callbacks(using=databases.alias(), execute=True):
            answer = secure(alice, message("user_authorization_cancellation"))
    finally:
        signals.push_received.disconnect(fail)

    assert answer.content == b"success"
    assert not WeChatUser.objects.exists()
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
@pytest.mark.parametrize("format", ["json", "xml"])
def test_the_fake_wechat_is_understood(
    api: Api, live_server: Any, configure: Any, mode: str, format: str
) -> None:
    if mode == "plain":
        configure(APPS={APPID: {"SECRET": "s", "PUSH_TOKEN": PUSH_TOKEN}})
    fill_profile(api.log_in())
    url = f"{live_server.url}/api/wechat/{EVENTS}"

    handshake = api.wechat.push(url, "handshake", mode=mode)
    sent = api.wechat.push(url, "user_authorization_revoke", "o-alice", mode, format=format, RevokeInfo="8")

    assert handshake["status"] == 200
    assert sent == {"status": 200, "body": "success"}
    assert data_of() == NO_PHONE
