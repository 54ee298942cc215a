"""The body of a login: its shapes, its limits, and the app that it names."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from tests.conftest import Api
from wxlogin.models import LoginFailure, WeChatUser


def test_identity_never_comes_from_the_body(alice: Api) -> None:
    answer = alice.send_code(
        openid="o-mallory",
        unionid="u",
        user={"id": alice.tokens["user"]["id"]},
        is_staff=True,
        session_key="k",
    )

    assert answer.json()["user"]["id"] != alice.tokens["user"]["id"]
    assert not get_user_model().objects.filter(is_staff=True).exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "code"),
        ({"code": None}, "code"),
        ({"code": ""}, "code"),
        ({"code": "   "}, "code"),
        ({"code": 12345}, "code"),
        ({"code": True}, "code"),
        ({"code": ["c"]}, "code"),
        ({"code": {"a": "b"}}, "code"),
        ({"code": "c" * 129}, "code"),
        ({"code": "c\x00d"}, "code"),
        ({"code": "c\ud800d"}, "code"),
        ({"code": "c", "appid": 7}, "appid"),
        ({"code": "c", "appid": None}, "appid"),
        ({"code": "c", "appid": ""}, "appid"),
    ],
)
def test_a_body_of_the_wrong_shape_names_the_field_and_reaches_nobody(
    api: Api, body: Any, field: str
) -> None:
    answer = api.post("login/", json.dumps(body))

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"
    assert field in answer.json()["fields"]
    assert api.wechat.calls == []
    assert not LoginFailure.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"\xff\xfe{}",
        b"[" * 50_000,
        b'{"a":' * 10_000,
        b'{"code": NaN',
        b"\x00",
        b'{"code": "\xc3"}',
        b'["code"]',
        b'"code"',
        b"null",
        b"7",
    ],
)
def test_a_body_that_is_no_json_object_is_refused(api: Api, raw: bytes) -> None:
    answer = api.post("login/", raw)

    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["fields"]) == ("invalid_request", {})


def test_an_empty_body_lacks_the_code(api: Api) -> None:
    answer = api.post("login/", b"")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["code"])


def test_a_code_may_have_128_characters(api: Api) -> None:
    answer = api.send_code("c" * 128)

    assert answer.json()["code"] == "code_invalid"


@pytest.mark.parametrize("code", ["' OR 1=1 --", 'quote"', "空 格", "a&secret=b#c", "%00", "../../x", "😀"])
def test_any_text_is_a_code_that_wechat_may_judge(api: Api, code: str) -> None:
    answer = api.send_code(code)

    assert answer.status_code == 401
    assert answer.json()["code"] == "code_invalid"


def test_a_body_over_64_kib_is_too_large(api: Api) -> None:
    answer = api.send_code("c", padding="x" * 65 * 1024)

    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "nonsense"],
)
def test_a_body_that_does_not_say_json_is_refused(api: Api, content_type: str) -> None:
    answer = api.post("login/", '{"code": "c"}', content_type=content_type)

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


def test_an_unknown_app_never_reaches_wechat(api: Api) -> None:
    answer = api.send_code("c", appid="wx-of-somebody-else")

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_app")
    assert api.wechat.calls == []
    assert not LoginFailure.objects.exists()


def test_the_app_must_be_named_where_there_are_several(api: Api, two_apps: tuple[str, str]) -> None:
    silent = api.send_code()
    named = api.send_code(appid=two_apps[1])

    assert (silent.status_code, list(silent.json()["fields"])) == (400, ["appid"])
    assert named.status_code == 200
    assert WeChatUser.objects.get().appid == two_apps[1]


def test_one_openid_in_two_apps_is_two_people(api: Api, two_apps: tuple[str, str]) -> None:
    answers = [api.send_code(api.wechat.code_for("o-alice", appid), appid=appid) for appid in two_apps]

    assert answers[0].json()["user"]["id"] != answers[1].json()["user"]["id"]


def test_the_code_of_another_app_is_refused(api: Api, two_apps: tuple[str, str]) -> None:
    answer = api.send_code(api.wechat.code_for("o-alice", two_apps[0]), appid=two_apps[1])

    assert answer.json()["code"] == "code_invalid"
