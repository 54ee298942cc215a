"""What WeChat pushes, as the platform sends it and as somebody else might."""

import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from tests.conftest import Api
from tests.helpers.vectors import AES_KEY, ENCRYPT, PUSH_APPID, TOKEN
from tests.settings import APPID
from wxlogin import signals
from wxlogin.models import ReceivedPush, WeChatUser
from wxlogin.services import events
from wxlogin.wechat.crypto import encrypt_push, push_signature

from .test_avatar import picture, send

EVENTS = f"events/{APPID}/"
PUSH_TOKEN, PUSH_AES_KEY = "madeup", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
JSON, XML = "application/json", "text/xml"
BOMB = (
    '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    "<xml><MsgType>event</MsgType><Event>x</Event><OpenID>&b;</OpenID></xml>"
)
FILE = '<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Event>&f;</Event></xml>'


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def heard() -> Any:
    """What a project that listens hears."""
    seen: list[dict[str, Any]] = []

    def listen(**kwargs: Any) -> None:
        seen.append(kwargs)

    signals.push_received.connect(listen)
    yield seen
    signals.push_received.disconnect(listen)


@pytest.fixture
def plain_mode(configure: Callable[..., None]) -> None:
    configure(APPS={APPID: {"SECRET": "s", "PUSH_TOKEN": PUSH_TOKEN}})


def message(event: str, openid: str = "o-alice", **members: Any) -> dict[str, Any]:
    return {
        "ToUserName": "gh_0123456789ab",
        "FromUserName": "o-platform",
        "CreateTime": int(time.time()),
        "MsgType": "event",
        "Event": event,
        "OpenID": openid,
        "AppID": APPID,
        **members,
    }


def as_xml(members: dict[str, Any]) -> str:
    return "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in members.items()) + "</xml>"


def query(token: str = PUSH_TOKEN, encrypt: str = "") -> dict[str, str]:
    parts = {"timestamp": str(int(time.time())), "nonce": "415670741"}
    found = {**parts, "signature": push_signature(token, *parts.values())}
    if encrypt:
        found |= {"encrypt_type": "aes", "msg_signature": push_signature(token, *parts.values(), encrypt)}
    return found


def post(api: Api, params: dict[str, str], body: str, kind: str = JSON, path: str = EVENTS) -> Any:
    return api.call("post", path, body, access="", content_type=kind, query_params=params)


def plain(api: Api, members: dict[str, Any], kind: str = JSON) -> Any:
    return post(api, query(), json.dumps(members) if kind == JSON else as_xml(members), kind)


def secure(api: Api, members: dict[str, Any] | str, kind: str = JSON, **beside: Any) -> Any:
    text = members if isinstance(members, str) else json.dumps(members) if kind == JSON else as_xml(members)
    encrypt = encrypt_push(PUSH_AES_KEY, text, APPID)
    envelope = {"ToUserName": "gh_0123456789ab", "Encrypt": encrypt, **beside}
    return post(api, query(encrypt=encrypt), json.dumps(envelope) if kind == JSON else as_xml(envelope), kind)


def person(openid: str = "o-alice") -> WeChatUser:
    return WeChatUser.objects.get(openid=openid)


def full(api: Api) -> Api:
    """Somebody with nickname, avatar and phone."""
    api.put("me/", {"nickname": "阿丽"})
    send(api, picture())
    api.post("phone/", {"code": api.wechat.phone_code_for("o-alice")})
    return api


def held(openid: str = "o-alice") -> dict[str, bool]:
    found = person(openid)
    return {"nickname": bool(found.nickname), "avatar": bool(found.avatar), "phone": found.has_phone}


ALL = {"nickname": True, "avatar": True, "phone": True}
NO_PROFILE = {"nickname": False, "avatar": False, "phone": True}
NO_PHONE = {"nickname": True, "avatar": True, "phone": False}


# The handshake


def test_the_handshake_is_answered_with_its_echo(api: Api) -> None:
    answer = api.call("get", EVENTS, access="", query_params={**query(), "echostr": "4375120948345356249"})

    assert (answer.status_code, answer.content) == (200, b"4375120948345356249")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["Cache-Control"] == "no-store"


def test_the_official_handshake(api: Api, configure: Any) -> None:
    configure(APPS={PUSH_APPID: {"SECRET": "s", "PUSH_TOKEN": TOKEN, "PUSH_AES_KEY": AES_KEY}})
    params = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }

    answer = api.call("get", f"events/{PUSH_APPID}/", access="", query_params=params)

    assert answer.content == b"4375120948345356249"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "change",
    [
        {"signature": "0" * 40, "msg_signature": "0" * 40},
        {"signature": "", "msg_signature": ""},
        {"signature": "签名", "msg_signature": "签名"},
        {"timestamp": "1"},
        {"nonce": "another"},
    ],
)
def test_a_wrong_signature_is_refused(alice: Api, method: str, change: dict[str, str]) -> None:
    encrypt = encrypt_push(PUSH_AES_KEY, json.dumps(message("user_authorization_cancellation")), APPID)
    params = {**query(encrypt=encrypt), "echostr": "e", **change}

    answer = alice.call(
        method,
        EVENTS,
        json.dumps({"Encrypt": encrypt}) if method == "post" else None,
        access="",
        query_params=params,
        headers={"X-Request-ID": "same"},
        **({"content_type": JSON} if method == "post" else {}),
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")
    assert person()


def test_all_refusals_are_alike(alice: Api, configure: Any) -> None:
    signed = query()
    answers = [
        alice.call("get", EVENTS, access="", query_params={}, headers={"X-Request-ID": "same"}),
        alice.call(
            "get", "events/wx-unknown/", access="", query_params=signed, headers={"X-Request-ID": "same"}
        ),
    ]
    configure(APPS={APPID: {"SECRET": "s"}})
    unsigned = query(token="")
    answers.append(
        alice.call("get", EVENTS, access="", query_params=unsigned, headers={"X-Request-ID": "same"})
    )

    assert len({(each.status_code, each.content, str(sorted(each.headers.items()))) for each in answers}) == 1


# Modes and formats


@pytest.mark.parametrize("kind", [JSON, XML, "application/x-www-form-urlencoded", "application/octet-stream"])
def test_plain_mode(alice: Api, plain_mode: None, kind: str) -> None:
    full(alice)

    answer = plain(alice, message("user_info_modified"), kind)

    assert (answer.status_code, answer.content) == (200, b"success")
    assert held() == NO_PROFILE


@pytest.mark.parametrize("kind", [JSON, XML])
@pytest.mark.parametrize("beside", [{}, {"Event": "user_authorization_cancellation", "OpenID": "o-alice"}])
def test_secure_and_compatible_mode_believe_only_what_is_encrypted(
    alice: Api, kind: str, beside: dict[str, str]
) -> None:
    full(alice)

    answer = secure(alice, message("user_info_modified"), kind, **beside)

    assert (answer.status_code, answer.content) == (200, b"success")
    assert held() == NO_PROFILE


def test_the_official_secure_push(api: Api, configure: Any, heard: Any, db: Any) -> None:
    configure(APPS={PUSH_APPID: {"SECRET": "s", "PUSH_TOKEN": TOKEN, "PUSH_AES_KEY": AES_KEY}})
    params = {
        "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
        "timestamp": "1714112445",
        "nonce": "415670741",
        "encrypt_type": "aes",
        "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    }

    answer = post(
        api,
        params,
        json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": ENCRYPT}),
        path=f"events/{PUSH_APPID}/",
    )

    assert (answer.status_code, answer.content) == (200, b"success")
    assert ReceivedPush.objects.count() == 1


@pytest.mark.parametrize("kind", [JSON, XML])
def test_with_an_aes_key_a_plain_body_changes_nothing(alice: Api, kind: str) -> None:
    full(alice)

    answer = plain(alice, message("user_authorization_cancellation"), kind)

    assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")
    assert held() == ALL


def test_a_body_encrypted_for_another_app_is_refused(alice: Api) -> None:
    encrypt = encrypt_push(PUSH_AES_KEY, json.dumps(message("user_info_modified")), "wx-another")

    answer = post(alice, query(encrypt=encrypt), json.dumps({"Encrypt": encrypt}))

    assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")


@pytest.mark.parametrize(
    ("configured", "hint"),
    [
        ({"PUSH_TOKEN": PUSH_TOKEN, "PUSH_AES_KEY": "x" * 43}, "compare PUSH_AES_KEY with the console"),
        ({"PUSH_TOKEN": PUSH_TOKEN}, "no PUSH_AES_KEY"),
        ({"PUSH_TOKEN": "another"}, "compare PUSH_TOKEN with the console"),
        ({}, "no PUSH_TOKEN"),
    ],
)
def test_a_mistake_in_the_settings_is_in_the_log(
    alice: Api, configure: Any, caplog: pytest.LogCaptureFixture, configured: dict[str, str], hint: str
) -> None:
    caplog.set_level(logging.INFO)
    configure(APPS={APPID: {"SECRET": "s", **configured}})

    answer = secure(alice, message("user_info_modified"))

    assert answer.status_code == 403
    assert hint in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "<xml>",
        "<xml/>",
        "<html/>",
        BOMB,
        FILE,
        "\x00",
        "[" * 30000,
        "<a>" * 9000 + "</a>" * 9000,
        "x" * 65536,
    ],
)
def test_what_is_no_message_is_refused(alice: Api, plain_mode: None, body: str) -> None:
    answer = post(alice, query(), body)

    assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")


@pytest.mark.parametrize("body", ["{", BOMB, FILE, "[]"])
def test_what_is_no_message_is_refused_encrypted_too(alice: Api, body: str) -> None:
    assert secure(alice, body).status_code == 403


def test_a_body_has_a_limit(alice: Api, plain_mode: None) -> None:
    answer = post(alice, query(), "x" * 65537)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


# The three events


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
    full(alice)

    answer = secure(alice, message("user_authorization_revoke", RevokeInfo=item))

    assert answer.content == b"success"
    assert held() == left
    assert bool(list(media.rglob("*.jpg"))) == left["avatar"]
    assert alice.get("me/").status_code == 200


def test_a_cancellation_erases_the_person(alice: Api, media: Path) -> None:
    full(alice)

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
    alice: Api, heard: Any, django_capture_on_commit_callbacks: Any
) -> None:
    once = message("user_authorization_cancellation")

    with django_capture_on_commit_callbacks(execute=True):
        first = secure(alice, once)
        alice.log_in("o-alice")
        repeat = secure(alice, once)

    assert first.content == repeat.content == b"success"
    assert person(), "who came back meanwhile is not erased by an event from before"
    assert len(heard) == 1


def test_a_copy_of_an_old_event_stays_harmless_after_a_purge(alice: Api, configure: Any) -> None:
    cancellation, other = message("user_authorization_cancellation"), message("something_else")
    for each in (cancellation, other):
        secure(alice, each)
    alice.log_in("o-alice")
    ReceivedPush.objects.update(received_at=timezone.now() - timedelta(days=400))

    call_command("wxlogin_purge")
    replayed = secure(alice, cancellation)

    assert replayed.content == b"success"
    assert person(), "who came back is not erased by it"
    assert ReceivedPush.objects.count() == 1, "what can do no harm is forgotten"


def test_what_failed_is_acted_on_with_the_next_attempt(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    full(alice)
    once = message("user_info_modified")

    def fail(*args: Any) -> None:
        raise OSError("disk")

    with monkeypatch.context() as broken:
        broken.setattr(type(default_storage), "delete", fail, raising=False)
        failed = secure(alice, once)
        in_between = held()
    again = secure(alice, once)

    assert failed.status_code == 503
    assert in_between == ALL
    assert again.content == b"success"
    assert held() == NO_PROFILE


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
    alice: Api, heard: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        secure(alice, message("subscribe_msg_popup_event", List=[{"TemplateId": "t"}]))
        secure(alice, message("user_authorization_revoke", RevokeInfo="2"))
        secure(alice, {"MsgType": "text", "FromUserName": "o-alice", "Content": "你好"}, XML)

    assert [each["message"].get("event") for each in heard] == [
        "subscribe_msg_popup_event",
        "user_authorization_revoke",
        None,
    ]
    assert heard[0]["appid"] == APPID
    assert heard[0]["wechat_user"] == person()
    assert heard[0]["message"]["list"] == [{"TemplateId": "t"}]
    assert heard[2]["wechat_user"] is None
    assert heard[2]["message"]["content"] == "你好"


def test_a_project_that_fails_costs_nobody_their_right(
    alice: Api, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**kwargs: Any) -> None:
        raise ZeroDivisionError

    signals.push_received.connect(fail)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            answer = secure(alice, message("user_authorization_cancellation"))
    finally:
        signals.push_received.disconnect(fail)

    assert answer.content == b"success"
    assert not WeChatUser.objects.exists()
    assert "ZeroDivisionError" in caplog.text


# As the fake sends it, over a real connection


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
@pytest.mark.parametrize("format", ["json", "xml"])
def test_the_fake_wechat_is_understood(
    api: Api, live_server: Any, configure: Any, mode: str, format: str
) -> None:
    if mode == "plain":
        configure(APPS={APPID: {"SECRET": "s", "PUSH_TOKEN": PUSH_TOKEN}})
    full(api.log_in())
    url = f"{live_server.url}/api/wechat/{EVENTS}"

    handshake = api.wechat.push(url, "handshake", mode=mode)
    sent = api.wechat.push(url, "user_authorization_revoke", "o-alice", mode, format=format, RevokeInfo="8")

    assert handshake["status"] == 200
    assert sent == {"status": 200, "body": "success"}
    assert held() == NO_PHONE
