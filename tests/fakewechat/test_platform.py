import base64
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakewechat.http import Client


def test_a_code_becomes_an_openid_and_a_session_key(fake, exchange):
    session = exchange(fake.code_for("o-alice", "wx-shop"))

    assert list(session) == ["session_key", "openid"]
    assert session["openid"] == "o-alice"
    assert len(base64.b64decode(session["session_key"], validate=True)) == 16


def test_a_unionid_is_there_for_whoever_has_one(fake, exchange):
    fake.person(openid="o-alice", unionid="o-alice-union")

    assert exchange(fake.code_for("o-alice"))["unionid"] == "o-alice-union"


def test_an_answer_is_text_plain_without_a_charset(fake, client):
    reply = client.code2session(fake.code_for("o-alice"))

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/plain"


def test_slashes_are_escaped_and_other_letters_are_utf_8(fake, client):
    body = client.code2session(fake.code_for("o/阿丽")).body

    assert '"openid":"o\\/阿丽"'.encode() in body


def test_an_error_is_a_200_that_carries_a_rid_with_the_time(client):
    reply = client.code2session("no-such-code")

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/plain"
    assert list(reply.json()) == ["errcode", "errmsg"]
    assert re.fullmatch("invalid code, rid: 617833f5-[0-9a-f]{8}-[0-9a-f]{8}", reply.json()["errmsg"])


@pytest.mark.parametrize(
    ("params", "errcode", "errmsg"),
    [
        ({"appid": None}, 41002, "appid missing"),
        ({"appid": ""}, 41002, "appid missing"),
        ({"secret": None}, 41004, "appsecret missing"),
        ({"secret": ""}, 41004, "appsecret missing"),
        ({"js_code": None}, 41008, "missing code"),
        ({"js_code": ""}, 41008, "missing code"),
        ({"grant_type": "client_credential"}, 40002, "invalid grant_type"),
        ({"grant_type": None}, 40002, "invalid grant_type"),
        ({"appid": "gh_shop"}, 40013, "invalid appid"),
        ({"secret": "somebody-else's"}, 40125, "invalid appsecret"),
        ({"js_code": "the code is a mock one"}, 40029, "invalid code"),
    ],
)
def test_a_wrong_call_is_refused_and_spends_no_code(fake, exchange, params, errcode, errmsg):
    code = fake.code_for("o-alice")

    refusal = exchange(**({"js_code": code} | params))

    assert refusal["errcode"] == errcode
    assert refusal["errmsg"].startswith(errmsg + ", rid: ")
    assert exchange(code)["openid"] == "o-alice"


def test_an_app_nobody_told_about_is_taken_with_any_secret(fake, exchange):
    assert exchange(fake.code_for("o-alice"), appid="wx-other", secret="whatever")["openid"] == "o-alice"


@pytest.mark.parametrize(
    ("method", "path", "errcode"), [("GET", "/nowhere", 40066), ("POST", "/sns/jscode2session", 43001)]
)
def test_an_unknown_path_and_a_wrong_method_are_refused(client, method, path, errcode):
    reply = client.send(method, path)

    assert (reply.status, reply.json()["errcode"]) == (200, errcode)


def test_outside_sns_the_rid_follows_without_a_comma(client):
    assert re.fullmatch("invalid url rid: [0-9a-f-]{26}", client.get("/cgi-bin/nowhere").json()["errmsg"])


# Codes


def test_a_code_looks_like_one(fake):
    assert re.fullmatch("[0-9A-Za-z]{32}", fake.code_for("o-alice"))


def test_a_code_works_once(fake, exchange):
    code = fake.code_for("o-alice")
    exchange(code)

    assert exchange(code)["errcode"] == 40163


def test_a_code_works_for_five_minutes(fake, exchange, clock):
    early, late = fake.code_for("o-alice"), fake.code_for("o-alice")

    clock.time += 299
    assert exchange(early)["openid"] == "o-alice"
    clock.time += 1
    assert exchange(late)["errcode"] == 40029


def test_a_code_of_another_app_is_invalid_and_stays_unspent(fake, exchange):
    code = fake.code_for("o-alice", appid="wx-shop")

    assert exchange(code, appid="wx-other")["errcode"] == 40029
    assert exchange(code)["openid"] == "o-alice"


def test_a_code_for_any_app_belongs_to_the_one_that_took_it(fake, exchange):
    code = fake.code_for("o-alice")
    exchange(code)

    assert exchange(code, appid="wx-other")["errcode"] == 40029


def test_one_of_many_exchanges_at_once_succeeds(fake):
    code = fake.code_for("o-alice")

    def exchange_once(_: int) -> object:
        client = Client(fake.url)
        try:
            return client.code2session(code).json().get("errcode")
        finally:
            client.close()

    with ThreadPoolExecutor(64) as pool:
        errcodes = list(pool.map(exchange_once, range(64)))

    assert errcodes.count(None) == 1
    assert errcodes.count(40163) == 63


# Session keys


def test_every_code_carries_a_key_of_its_own_and_the_latest_is_live(fake, exchange):
    older, newer = fake.code_for("o-alice", "wx-shop"), fake.code_for("o-alice", "wx-shop")

    newer_key = exchange(newer)["session_key"]
    older_key = exchange(older)["session_key"]

    assert older_key != newer_key
    assert fake.session_key_of("o-alice", "wx-shop") == newer_key


def test_a_key_goes_live_with_the_login_and_not_with_the_exchange(fake, exchange):
    exchange(fake.code_for("o-alice", "wx-shop"))
    code = fake.code_for("o-alice", "wx-shop")

    live = fake.session_key_of("o-alice", "wx-shop")

    assert exchange(code)["session_key"] == live


def test_the_key_of_a_code_for_any_app_goes_live_where_it_is_exchanged(fake, exchange):
    older, newer = fake.code_for("o-alice"), fake.code_for("o-alice")
    assert fake.session_key_of("o-alice", "wx-shop") is None

    newer_key = exchange(newer)["session_key"]
    exchange(older)

    assert fake.session_key_of("o-alice", "wx-shop") == newer_key
    assert fake.session_key_of("o-alice", "wx-other") is None


def test_an_expired_session_key_is_dead_in_every_app_until_the_next_login(fake, exchange):
    exchange(fake.code_for("o-alice", "wx-shop"))
    exchange(fake.code_for("o-alice", "wx-other"), appid="wx-other")
    exchange(fake.code_for("o-bob", "wx-shop"))

    fake.expire_session_key("o-alice")

    assert fake.session_key_of("o-alice", "wx-shop") is None
    assert fake.session_key_of("o-alice", "wx-other") is None
    assert fake.session_key_of("o-bob", "wx-shop")
    session = exchange(fake.code_for("o-alice", "wx-shop"))
    assert fake.session_key_of("o-alice", "wx-shop") == session["session_key"]
    assert fake.session_key_of("o-alice", "wx-other") is None


def test_a_login_from_before_the_expiry_does_not_revive_the_key(fake, exchange):
    code = fake.code_for("o-alice", "wx-shop")
    fake.expire_session_key("o-alice")

    exchange(code)

    assert fake.session_key_of("o-alice", "wx-shop") is None


# People


def test_a_person_without_an_openid_gets_one(fake):
    assert re.fullmatch("o[A-Za-z0-9_-]{27}", fake.person().openid)


def test_a_known_person_changes_in_the_given_fields_only(fake):
    fake.person(openid="o-alice", unionid="o-union", nickname="Alice")

    alice = fake.person(openid="o-alice", nickname=None, phone="13580006666")

    assert (alice.unionid, alice.nickname, alice.phone) == ("o-union", None, "13580006666")


def test_a_unionid_may_appear_between_login_and_exchange(fake, exchange):
    code = fake.code_for("o-alice")
    fake.person(openid="o-alice", unionid="o-union")

    assert exchange(code)["unionid"] == "o-union"
