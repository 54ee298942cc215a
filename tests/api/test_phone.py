"""Binding a phone number, by code or by open data."""

from typing import Any

import pytest

from tests.api.people import person
from tests.api.phones import NUMBER, PHONE_PATH, phone_open_data
from tests.conftest import Api
from wxlogin.models import LoginFailure, WeChatUser

pytestmark = pytest.mark.usefixtures("phones")


def test_a_code_brings_the_number(alice: Api) -> None:
    answer = alice.post("phone/", {"code": alice.wechat.phone_code_for("o-alice")})

    assert (answer.status_code, answer.json()) == (200, {"phone_number": NUMBER, "country_code": "86"})
    assert alice.get("me/").json()["phone_bound"] is True


def test_a_number_abroad_comes_without_its_country_code(bob: Api) -> None:
    answer = bob.post("phone/", {"code": bob.wechat.phone_code_for("o-bob")})

    assert answer.json() == {"phone_number": "51234567", "country_code": "852"}


def test_the_older_way_brings_it_too(alice: Api) -> None:
    answer = alice.post("phone/", phone_open_data(alice))

    assert (answer.status_code, answer.json()) == (200, {"phone_number": NUMBER, "country_code": "86"})
    assert alice.get("me/").json()["phone_bound"] is True


def test_it_is_kept_sealed_and_found_by_all_of_it_only(alice: Api, bob: Api) -> None:
    alice.post("phone/", {"code": alice.wechat.phone_code_for("o-alice")})
    bob.post("phone/", {"code": bob.wechat.phone_code_for("o-bob")})

    stored = bytes(person().sealed_phone) + person().phone_hash.encode()

    assert NUMBER.encode() not in stored
    assert NUMBER[-6:].encode() not in stored
    for text in (NUMBER, f" {NUMBER} ", f"+86 {NUMBER}", f"+86-{NUMBER[:3]}-{NUMBER[3:]}", f"0086{NUMBER}"):
        assert list(WeChatUser.objects.with_phone(text)) == [person()], text
    for text in ("51234567", "+852 5123 4567", "0085251234567"):
        assert list(WeChatUser.objects.with_phone(text)) == [person("o-bob")], text
    for text in ("", "1358000666", "6666", NUMBER + "1", "abc", "%", f"+{NUMBER}0000", "o-alice"):
        assert not WeChatUser.objects.with_phone(text).exists(), text


def test_another_persons_code_binds_nothing(alice: Api, bob: Api) -> None:
    answer = alice.post("phone/", {"code": bob.wechat.phone_code_for("o-bob")})

    assert (answer.status_code, answer.json()["code"]) == (400, "phone_code_invalid")
    assert alice.get("me/").json()["phone_bound"] is False


def test_one_phone_of_two_people_leaves_them_two(alice: Api, bob: Api) -> None:
    bob.wechat.person("o-bob", phone=NUMBER)

    answers = [
        each.post("phone/", {"code": each.wechat.phone_code_for(openid)}).json()
        for each, openid in ((alice, "o-alice"), (bob, "o-bob"))
    ]

    assert answers[0] == answers[1]
    assert alice.get("me/").json()["id"] != bob.get("me/").json()["id"]
    assert WeChatUser.objects.with_phone(NUMBER).count() == 2


def test_a_new_number_takes_the_place_of_the_old_one(alice: Api) -> None:
    alice.post("phone/", phone_open_data(alice))
    alice.wechat.person("o-alice", phone="13911112222")

    alice.post("phone/", {"code": alice.wechat.phone_code_for("o-alice")})

    assert not WeChatUser.objects.with_phone(NUMBER).exists()
    assert list(WeChatUser.objects.with_phone("13911112222")) == [person()]


@pytest.mark.parametrize("code", ["made-up", "a" * 128])
def test_an_invalid_code_is_refused_and_stored_as_a_failure(alice: Api, code: str) -> None:
    answer = alice.post("phone/", {"code": code})

    assert (answer.status_code, answer.json()["code"]) == (400, "phone_code_invalid")
    failure = LoginFailure.objects.get()
    assert (failure.code, failure.errcode) == ("phone_code_invalid", 40029)


def test_a_code_works_once_and_a_login_code_is_none(alice: Api) -> None:
    code = alice.wechat.phone_code_for("o-alice")
    alice.post("phone/", {"code": code})

    for spent in (code, alice.wechat.code_for("o-alice")):
        assert alice.post("phone/", {"code": spent}).json()["code"] == "phone_code_invalid"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"errcode": -1}, 503, "wechat_unavailable"),
        ({"errcode": 40003}, 400, "phone_code_invalid"),
        ({"errcode": 40013}, 502, "wechat_misconfigured"),
        ({"errcode": 48001}, 502, "wechat_misconfigured"),
        ({"errcode": 45011}, 429, "wechat_too_frequent"),
        ({"delay": 3}, 504, "wechat_timeout"),
        ({"body": '{"errcode":0}'}, 502, "wechat_bad_response"),
        ({"body": '{"phone_info":[]}'}, 502, "wechat_bad_response"),
        (
            {"body": '{"phone_info":{"phoneNumber":"1","purePhoneNumber":"1","countryCode":86}}'},
            502,
            "wechat_bad_response",
        ),
        (
            {
                "body": '{"phone_info":{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":86}}'
            },
            502,
            "wechat_bad_response",
        ),
        (
            {
                "body": '{"phone_info":{"phoneNumber":"13580006666","purePhoneNumber":"13580006666",'
                '"countryCode":86,"watermark":{"timestamp":1,"appid":"wx-another"}}}'
            },
            502,
            "wechat_bad_response",
        ),
    ],
)
def test_a_failure_of_wechat_becomes_its_answer(
    alice: Api, configure: Any, fault: dict[str, Any], status: int, code: str
) -> None:
    configure(UPSTREAM_DEADLINE=0.5)
    alice.wechat.fault(PHONE_PATH, **fault)

    answer = alice.post("phone/", {"code": alice.wechat.phone_code_for("o-alice")})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert alice.get("me/").json()["phone_bound"] is False


@pytest.mark.parametrize(
    "data",
    [
        {"phoneNumber": NUMBER},
        {"phoneNumber": NUMBER, "purePhoneNumber": NUMBER},
        {"phoneNumber": NUMBER, "purePhoneNumber": "13911112222", "countryCode": "86"},
        {"phoneNumber": NUMBER, "purePhoneNumber": NUMBER, "countryCode": "0"},
        {"phoneNumber": NUMBER, "purePhoneNumber": NUMBER, "countryCode": True},
        {"phoneNumber": NUMBER, "purePhoneNumber": NUMBER, "countryCode": None},
        {"phoneNumber": "1", "purePhoneNumber": "1", "countryCode": "86"},
        {"nickName": NUMBER},
        {},
    ],
)
def test_open_data_that_holds_no_whole_number_is_no_phone(alice: Api, data: dict[str, Any]) -> None:
    answer = alice.post("phone/", phone_open_data(alice, data))

    assert (answer.status_code, answer.json()["code"]) == (400, "open_data_invalid")
    assert alice.get("me/").json()["phone_bound"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "code"),
        ({"code": None}, "code"),
        ({"code": " "}, "code"),
        ({"code": 7}, "code"),
        ({"code": "x" * 129}, "code"),
        ({"iv": "x"}, "encryptedData"),
        ({"encryptedData": "x"}, "iv"),
        ({"code": "x", "iv": "x"}, "code"),
        ({"code": "x", "iv": "x", "encryptedData": "x"}, "code"),
    ],
)
def test_it_takes_exactly_one_of_its_two_forms(alice: Api, body: dict[str, Any], field: str) -> None:
    answer = alice.post("phone/", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert field in answer.json()["fields"]


def test_data_calls_have_a_limit_together(alice: Api, configure: Any, address: str) -> None:
    configure(DATA_RATE="4/min")
    calls = [
        ("phone/", {"code": "x"}),
        ("open-data/", phone_open_data(alice)),
        ("session-key/check/", {}),
        ("session-key/reset/", {}),
        ("phone/", {"code": "x"}),
    ]

    statuses = [alice.post(path, body, REMOTE_ADDR=address).status_code for path, body in calls]

    assert statuses == [400, 200, 200, 200, 429]
    assert alice.get("session-key/", REMOTE_ADDR=address).status_code == 200
