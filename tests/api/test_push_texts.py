"""Genuine pushes with any text that a stranger could have typed, in every format and mode."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.consent import NO_PROFILE, data_of, fill_profile
from tests.api.people import person
from tests.api.pushes import EVENTS, JSON, PUSH_AES_KEY, XML, message, post, query
from tests.conftest import Api
from tests.settings import APPID
from wxlogin.fakewechat.encryption import encode, encrypt_push
from wxlogin.models import ReceivedPush

# A text as it is typed, and as a receiver reads it.
TEXTS = {
    "control characters": ("\x1dc\x08\x7f", "\x1dc\x08\x7f"),
    "NUL": ("a\0b", "a\ufffdb"),
    "no characters": ("\ufffe\uffff", "\ufffe\uffff"),
    "the end of CDATA": ("a]]>b", "a]]>b"),
    "markup": ("<b> & </c> &nbsp; <![CDATA[ <!-- ", "<b> & </c> &nbsp; <![CDATA[ <!--"),
    "the end of CDATA and an element": ("a]]><b>c", "a]]><b>c"),
    "the end of CDATA and a comment": ("]]><!-- x", "]]><!-- x"),
    "the end of CDATA and of the message": ("]]></xml><xml>", "]]></xml><xml>"),
    "the end of CDATA and of another element": ("]]></MsgType>x", "]]></MsgType>x"),
    "another Encrypt": ("<Encrypt>YWJj</Encrypt>", "<Encrypt>YWJj</Encrypt>"),
    "a large number": ("9" * 5000, "9" * 5000),
    "emoji": ("😀", "😀"),
    "20 KiB": ("字" * 7000, "字" * 7000),
}
MODES = ["plain", "compatible", "secure"]


def write(members: dict[str, Any], kind: str) -> str:
    """Write a message as a platform would that escapes nothing but what JSON escapes."""
    if kind == JSON:
        return json.dumps(members, ensure_ascii=False)
    return "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in members.items()) + "</xml>"


@pytest.fixture
def push(
    alice: Api, request: pytest.FixtureRequest, django_capture_on_commit_callbacks: Any
) -> Callable[..., Any]:
    """Return a function that pushes a text in a mode, signed as WeChat does."""

    def push(text: str, kind: str, mode: str) -> Any:
        body, params = text, query()
        if mode == "plain":
            request.getfixturevalue("plain_mode")
        else:
            encrypt = encrypt_push(text, APPID, PUSH_AES_KEY)
            params = query(encrypt=encrypt)
            envelope = write({"ToUserName": "gh_0123456789ab", "Encrypt": encrypt}, kind)
            body = envelope if mode == "secure" else joined(text, envelope, kind)
        with django_capture_on_commit_callbacks(execute=True):
            return alice.call("post", EVENTS, encode(body), access="", content_type=kind, query_params=params)

    return push


def joined(text: str, envelope: str, kind: str) -> str:
    return f"{text[:-1]},{envelope[1:]}" if kind == JSON else text.removesuffix("</xml>") + envelope[5:]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [JSON, XML])
@pytest.mark.parametrize(("typed", "read"), TEXTS.values(), ids=TEXTS)
def test_a_text_reaches_the_project_once(
    push: Callable[..., Any],
    received: list[Any],
    caplog: pytest.LogCaptureFixture,
    kind: str,
    mode: str,
    typed: str,
    read: str,
) -> None:
    caplog.set_level(logging.INFO)
    members = {
        "MsgType": "text",
        "FromUserName": "o-alice",
        "Content": typed,
        "MsgId": "1",
        "CreateTime": "1",
    }

    answers = [push(write(members, kind), kind, mode) for _ in range(2)]

    assert [(each.status_code, each.content) for each in answers] == [(200, b"success")] * 2
    [heard] = received
    assert heard["message"]["content"].rstrip() == read
    assert heard["message"]["msgid"] == "1"
    assert ReceivedPush.objects.count() == 1
    assert all("\n" not in each.getMessage() and typed not in each.getMessage() for each in caplog.records)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (XML, "<xml><Nick>{}</Nick>{}</xml>"),
        (XML, "<xml><Nick>a & b <3 &#8; &nbsp; {}</Nick>{}</xml>"),
        (XML, "<xml>\ud83d<Nick><![CDATA[{}\x1d]]></Nick>{}</xml>"),
        (JSON, '{{"Nick": "\x1d\\ud83d{}\ud83d",{}}}'),
        (JSON, '{{"Nick": "\\x08{}",{}, "Huge": ' + "9" * 5000 + "}}"),
    ],
)
def test_an_event_takes_effect_beside_any_text(
    alice: Api, push: Callable[..., Any], kind: str, text: str, mode: str
) -> None:
    fill_profile(alice)
    event = write(message("user_info_modified"), kind)
    inner = event[1:-1] if kind == JSON else event[5:-6]

    answer = push(text.format("😀", inner), kind, mode)

    assert (answer.content, data_of()) == (b"success", NO_PROFILE)


# What a stranger types to end the text, and to have another one begin.
FORGED = "<Event><![CDATA[user_authorization_cancellation]]></Event><OpenID><![CDATA[o-alice]]></OpenID>"


IN_JSON = '"Event": "user_authorization_cancellation", "OpenID": "o-alice"'


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        *[
            (XML, f"]]></Content>{FORGED}{more}<Content><![CDATA[")
            for more in (
                "",
                "<MsgType><![CDATA[event]]></MsgType>",
                "<msgtype>event</msgtype>",
                "<MsgType >event</MsgType >",
                "< MsgType >event</ MsgType >",
                "</xml><xml><msgtype>event</msgtype>",
            )
        ],
        *[
            (JSON, f'", {IN_JSON}, "{name}": "event", "Content": "')
            for name in ("MsgType", "msgtype", " MsgType ", "MsgType\x1d", "More")
        ],
    ],
)
def test_nobody_types_an_event_into_a_text(
    push: Callable[..., Any], received: list[Any], kind: str, typed: str, mode: str
) -> None:
    """A platform that doesn't escape ``]]>`` or a quote would let a text end its own element."""
    members = {"MsgType": "text", "FromUserName": "o-bob", "Content": "{}"}

    answer = push(write(members, kind).replace("{}", typed), kind, mode)

    assert answer.content == b"success"
    assert received
    assert person("o-alice")


@pytest.mark.parametrize("kind", [JSON, XML])
def test_unsigned_rubbish_stays_refused(alice: Api, kind: str) -> None:
    encrypt = encrypt_push(write({"MsgType": "text", "Content": "\x1d"}, kind), APPID, PUSH_AES_KEY)
    params = query(token="another", encrypt=encrypt)

    answer = post(alice, params, write({"Encrypt": encrypt}, kind), kind)

    assert (answer.status_code, answer.json()["code"]) == (403, "signature_invalid")
