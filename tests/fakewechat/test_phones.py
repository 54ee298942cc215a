import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakewechat.http import Client

PATH = "/wxa/business/getuserphonenumber"


@pytest.fixture
def redeem(client, access_token):
    def redeem(code, access_token=access_token, **fields):
        return client.post(f"{PATH}?access_token={access_token}", {"code": code, **fields}).json()

    return redeem


def test_a_phone_code_becomes_a_phone(fake, client, access_token, clock):
    fake.person(openid="o-alice", phone="13580006666")

    reply = client.post(f"{PATH}?access_token={access_token}", {"code": fake.phone_code_for("o-alice")})

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json; encoding=utf-8")
    assert reply.json() == {
        "errcode": 0,
        "errmsg": "ok",
        "phone_info": {
            "phoneNumber": "13580006666",
            "purePhoneNumber": "13580006666",
            "countryCode": 86,
            "watermark": {"timestamp": clock.time, "appid": "wx-shop"},
        },
    }


@pytest.mark.parametrize(
    ("phone", "phone_number", "pure", "country_code"),
    [
        ("+852 51234567", "85251234567", "51234567", 852),
        ("+1 2025550123", "12025550123", "2025550123", 1),
        ("+86 13580006666", "13580006666", "13580006666", 86),
    ],
)
def test_a_country_code_leads_a_number_from_abroad(fake, redeem, phone, phone_number, pure, country_code):
    fake.person(openid="o-alice", phone=phone)

    found = redeem(fake.phone_code_for("o-alice"))["phone_info"]

    assert (found["phoneNumber"], found["purePhoneNumber"], found["countryCode"]) == (
        phone_number,
        pure,
        country_code,
    )


@pytest.mark.parametrize("phone", ["+85251234567", "+852", "+ 51234567", "+852 5123-4567", "+0 51234567"])
def test_a_number_from_abroad_that_can_not_be_read_is_refused(fake, client, phone):
    with pytest.raises(ValueError, match=r"\+852 51234567"):
        fake.person(openid="o-alice", phone=phone)
    assert client.post("/_fake/people", {"openid": "o-alice", "phone": phone}).status == 400


def test_a_person_without_a_phone_gets_one_and_keeps_it(fake, redeem):
    first = redeem(fake.phone_code_for("o-alice"))["phone_info"]["phoneNumber"]
    again = redeem(fake.phone_code_for("o-alice"))["phone_info"]["phoneNumber"]

    assert re.fullmatch("1[3-9][0-9]{9}", first)
    assert first == again == fake.person(openid="o-alice").phone


def test_the_phone_is_the_one_of_today(fake, redeem):
    fake.person(openid="o-alice", phone="13580006666")
    code = fake.phone_code_for("o-alice")
    fake.person(openid="o-alice", phone="13580007777")

    assert redeem(code)["phone_info"]["phoneNumber"] == "13580007777"


def test_a_phone_code_over_http(client, redeem):
    client.post("/_fake/people", {"openid": "o-alice", "phone": "13580006666"})

    code = client.post("/_fake/phone-codes", {"openid": "o-alice", "appid": "wx-shop"}).json()["code"]

    assert redeem(code)["phone_info"]["purePhoneNumber"] == "13580006666"


# Codes


def test_a_phone_code_looks_like_one(fake):
    assert re.fullmatch("[0-9a-f]{64}", fake.phone_code_for("o-alice"))


def test_a_phone_code_works_once(fake, redeem):
    code = fake.phone_code_for("o-alice")
    redeem(code)

    refusal = redeem(code)

    assert refusal["errcode"] == 40029
    assert re.fullmatch("invalid code rid: [0-9a-f-]{26}", refusal["errmsg"])


def test_a_phone_code_works_for_five_minutes(fake, redeem, clock):
    early, late = fake.phone_code_for("o-alice"), fake.phone_code_for("o-alice")

    clock.time += 299
    assert redeem(early)["errcode"] == 0
    clock.time += 1
    assert redeem(late)["errcode"] == 40029


def test_a_phone_code_of_another_app_is_invalid_and_stays_unspent(fake, redeem, stable_token):
    code = fake.phone_code_for("o-alice", "wx-other")

    assert redeem(code)["errcode"] == 40029
    other_token = stable_token(appid="wx-other")["access_token"]
    assert redeem(code, other_token)["phone_info"]["watermark"]["appid"] == "wx-other"


def test_a_login_code_is_no_phone_code_and_the_other_way_round(fake, redeem, exchange):
    login_code, phone_code = fake.code_for("o-alice"), fake.phone_code_for("o-alice")

    assert redeem(login_code)["errcode"] == 40029
    assert exchange(phone_code)["errcode"] == 40029
    assert redeem(phone_code)["errcode"] == 0
    assert exchange(login_code)["openid"] == "o-alice"


def test_a_phone_code_brings_no_session_key(fake):
    fake.phone_code_for("o-alice", "wx-shop")

    assert fake.session_key_of("o-alice", "wx-shop") is None


def test_one_of_many_redeemers_at_once_succeeds(fake, access_token):
    code = fake.phone_code_for("o-alice")

    def redeem_once(_: int) -> int:
        client = Client(fake.url)
        try:
            return client.post(f"{PATH}?access_token={access_token}", {"code": code}).json()["errcode"]
        finally:
            client.close()

    with ThreadPoolExecutor(16) as pool:
        errcodes = list(pool.map(redeem_once, range(16)))

    assert sorted(errcodes) == [0] + [40029] * 15


@pytest.mark.parametrize("code", ["", "no-such-code", None, 7, ["code"]])
def test_what_is_no_code_is_invalid(redeem, code):
    assert redeem(code)["errcode"] == 40029


# The openid of the caller


def test_the_owners_openid_may_come_along(fake, redeem):
    assert redeem(fake.phone_code_for("o-alice"), openid="o-alice")["errcode"] == 0


@pytest.mark.parametrize("openid", ["o-bob", "O-ALICE", "", None, 7])
def test_another_openid_makes_the_code_invalid_and_leaves_it_unspent(fake, redeem, openid):
    fake.person(openid="o-bob")
    code = fake.phone_code_for("o-alice")

    assert redeem(code, openid=openid)["errcode"] == 40029
    assert redeem(code, openid="o-alice")["errcode"] == 0


# Refused calls, faults and reset


@pytest.mark.parametrize(("bad_token", "errcode"), [("", 41001), ("made-up", 40001)])
def test_a_bad_access_token_spends_no_code(fake, redeem, bad_token, errcode):
    code = fake.phone_code_for("o-alice")

    assert redeem(code, bad_token)["errcode"] == errcode
    assert redeem(code)["errcode"] == 0


@pytest.mark.parametrize(("body", "errcode"), [(b"", 44002), (b"code=1", 47001), (b'"code"', 47001)])
def test_a_body_that_is_no_json_object_is_refused(client, access_token, body, errcode):
    assert client.send("POST", f"{PATH}?access_token={access_token}", body).json()["errcode"] == errcode


def test_a_get_is_refused(client):
    assert client.get(PATH).json()["errcode"] == 43002


def test_a_fault_stands_in_for_the_answer_and_spends_no_code(fake, redeem):
    code = fake.phone_code_for("o-alice")
    fake.fault(PATH, errcode=48001, times=1)

    assert redeem(code)["errcode"] == 48001
    assert redeem(code)["errcode"] == 0


def test_a_reset_forgets_phone_codes(fake, redeem, stable_token):
    code = fake.phone_code_for("o-alice")

    fake.reset()

    assert redeem(code, stable_token()["access_token"])["errcode"] == 40029
