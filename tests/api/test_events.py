"""The URL for pushed messages: its handshake, the modes and formats, and messages that are refused."""

import json
import logging
from typing import Any

import pytest

from tests.api.consent import ALL, NO_PROFILE, data_of, fill_profile
from tests.api.people import person
from tests.api.pushes import EVENTS, JSON, PUSH_AES_KEY, PUSH_TOKEN, XML, message, plain, post, query, secure
from tests.conftest import Api
from tests.helpers.vectors import AES_KEY, ENCRYPT, PUSH_APPID, TOKEN
from tests.settings import APPID
from wxlogin.models import ReceivedPush
from wxlogin.services import events
from wxlogin.wechat.crypto import encrypt_push

BOMB = (
    '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    "<xml><MsgType>event</MsgType><Event>x</Event><OpenID>&b;</OpenID></xml>"
)
FILE = '<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Event>&f;</Event></xml>'


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


@pytest.mark.parametrize("kind", [JSON, XML, "application/x-www-form-urlencoded", "application/octet-stream"])
def test_plain_mode(alice: Api, plain_mode: None, kind: str) -> None:
    fill_profile(alice)

    answer = plain(alice, message("user_info_modified"), kind)

    assert (answer.status_code, answer.content) == (200, b"success")
    assert data_of() == NO_PROFILE


@pytest.mark.parametrize("kind", [JSON, XML])
@pytest.mark.parametrize("beside", [{}, {"Event": "user_authorization_cancellation", "OpenID": "o-alice"}])
def test_secure_and_compatible_mode_believe_only_what_is_encrypted(
    alice: Api, kind: str, beside: dict[str, str]
) -> None:
    fill_profile(alice)

    answer = secure(alice, message("user_info_modified"), kind, **beside)

    assert (answer.status_code, answer.content) == (200, b"success")
    assert data_of() == NO_PROFILE


def test_the_official_secure_push(api: Api, configure: Any, received: Any, db: Any) -> None:
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
    fill_profile(alice)

    answer = plain(alice, message("user_authorization_cancellation"), kind)

    assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")
    assert data_of() == ALL


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
    ("body", "problem"),
    [
        ("", "neither JSON nor XML"),
        ("{", "neither JSON nor XML"),
        ("[]", "no object"),
        ("null", "no object"),
        ("<xml>", "no members"),
        ("<html/>", "neither JSON nor XML"),
        ("\x00", "neither JSON nor XML"),
        ("x" * 40_000, "neither JSON nor XML"),
        ("[" * 30_000, "too deep"),
        ("<a>" * 5_000 + "</a>" * 5_000, "too deep"),
        ('{"xml":' * 1_000 + "1" + "}" * 1_000, "too deep"),
        ('{"Event": ' + "[" * 100 + "]" * 100 + "}", "too deep"),
    ],
)
@pytest.mark.parametrize("secured", [True, False])
def test_a_signed_message_that_says_nothing_is_done_with_and_logged(
    alice: Api,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    body: str,
    problem: str,
    secured: bool,
) -> None:
    if not secured:
        request.getfixturevalue("plain_mode")

    answer = secure(alice, body) if secured else post(alice, query(), body)

    assert (answer.status_code, answer.content) == (200, b"success")
    [line] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert line.getMessage().startswith(f"push unreadable appid={APPID} problem={problem} request_id=")
    assert not ReceivedPush.objects.exists()


@pytest.mark.parametrize("body", [BOMB, FILE])
def test_no_entity_is_expanded(
    alice: Api, received: list[Any], body: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = secure(alice, body)

    assert answer.content == b"success"
    assert {"&b;", "&f;"} & {*received[0]["message"].values()}


def test_a_body_has_a_limit(alice: Api, plain_mode: None) -> None:
    answer = post(alice, query(), "x" * 65537)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("body", ["<xml>" * 1_000, BOMB, "[" * 30_000, "{}", "<xml/>", "{", ""])
@pytest.mark.parametrize("secured", [True, False])
def test_nothing_unsigned_is_read(
    alice: Api,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    secured: bool,
) -> None:
    read: list[Any] = []
    monkeypatch.setattr(events, "read_message", read.append)
    if not secured:
        request.getfixturevalue("plain_mode")

    answer = post(alice, {**query(), "signature": "0" * 40, "msg_signature": "0" * 40}, body)

    assert (answer.status_code, answer.json()["code"], read) == (403, "signature_invalid", [])


def test_a_message_of_several_levels_is_taken(
    alice: Api, plain_mode: None, received: list[Any], db: Any
) -> None:
    """subscribe_msg_popup_event is nested (developers.weixin.qq.com: subscribe-message)."""
    body = message("subscribe_msg_popup_event", List=[{"TemplateId": "t", "PopupScene": "0"}] * 3)

    assert plain(alice, body).content == b"success"
    text = (
        "<xml><SubscribeMsgPopupEvent><List><TemplateId>t</TemplateId></List></SubscribeMsgPopupEvent></xml>"
    )
    assert post(alice, query(), text, XML).content == b"success"


@pytest.mark.parametrize("write", [lambda text: text, lambda text: text.replace("/", "\\/")])
def test_a_slash_may_be_escaped_in_json(alice: Api, write: Any) -> None:
    # Random bytes come first, so that one of a few has a slash.
    sealed = [encrypt_push(PUSH_AES_KEY, json.dumps(message("x")), APPID) for _ in range(9)]
    encrypt = next(each for each in sealed if "/" in each)

    answer = post(alice, query(encrypt=encrypt), write(json.dumps({"Encrypt": encrypt})))

    assert answer.content == b"success"


def test_refused_pushes_are_throttled_and_signed_ones_never(
    alice: Api, configure: Any, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    configure(DATA_RATE="2/min")
    caplog.set_level(logging.INFO)

    refused = [post(alice, {}, "{}", REMOTE_ADDR=address) for _ in range(4)]
    handshake = alice.call("get", EVENTS, access="", query_params={}, REMOTE_ADDR=address)
    encrypt = encrypt_push(PUSH_AES_KEY, json.dumps(message("x")), APPID)
    signed = post(alice, query(encrypt=encrypt), json.dumps({"Encrypt": encrypt}), REMOTE_ADDR=address)

    assert [answer.status_code for answer in refused] == [403, 403, 429, 429]
    assert (refused[-1].json()["code"], handshake.status_code) == ("throttled", 429)
    assert caplog.text.count("push refused") == 2
    assert signed.content == b"success"
