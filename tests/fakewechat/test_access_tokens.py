import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakewechat.http import Client

PATH = "/cgi-bin/stable_token"


@pytest.fixture
def errcode_of(client):
    """Return the errcode that a call with this access_token gets."""

    def errcode_of(**query):
        return client.get("/wxa/checksession", sig_method="hmac_sha256", **query).json()["errcode"]

    return errcode_of


# The call has no valid openid, and that is checked after the access_token.
GOOD = 40003


def test_an_answer_has_a_token_and_no_errcode(fake, client):
    body = {"grant_type": "client_credential", "appid": "wx-shop", "secret": "shop-secret"}

    reply = client.post(PATH, body)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json; encoding=utf-8")
    assert list(reply.json()) == ["access_token", "expires_in"]
    assert re.fullmatch("[A-Za-z0-9_-]{130,512}", reply.json()["access_token"])
    assert reply.json()["expires_in"] == 7200
    assert fake.calls[0].errcode is None


@pytest.mark.parametrize(
    ("params", "errcode", "errmsg"),
    [
        ({"appid": None}, 41002, "appid missing"),
        ({"appid": ""}, 41002, "appid missing"),
        ({"appid": 7}, 41002, "appid missing"),
        ({"secret": None}, 41004, "appsecret missing"),
        ({"secret": ["shop-secret"]}, 41004, "appsecret missing"),
        ({"appid": "gh_shop"}, 40013, "invalid appid"),
        ({"secret": "somebody-else's"}, 40125, "invalid appsecret"),
        ({"grant_type": None}, 40002, "invalid grant_type"),
        ({"grant_type": "authorization_code"}, 40002, "invalid grant_type"),
    ],
)
def test_a_wrong_call_is_refused(stable_token, params, errcode, errmsg):
    refusal = stable_token(**params)

    assert refusal["errcode"] == errcode
    assert re.fullmatch(f"{errmsg} rid: 617833f5-[0-9a-f]{{8}}-[0-9a-f]{{8}}", refusal["errmsg"])


@pytest.mark.parametrize(
    ("body", "errcode"), [(b"", 44002), (b"appid=wx-shop", 47001), (b"\xff", 47001), (b"[]", 47001)]
)
def test_a_body_that_is_no_json_object_is_refused(client, body, errcode):
    reply = client.send("POST", PATH, body)

    assert (reply.status, reply.json()["errcode"]) == (200, errcode)
    assert reply.headers["Content-Type"] == "application/json; encoding=utf-8"


def test_a_get_is_refused(client):
    assert client.get(PATH, appid="wx-shop").json()["errcode"] == 43002


def test_a_fault_stands_in_for_the_answer(fake, stable_token):
    fake.fault(PATH, errcode=45009, times=1)

    assert stable_token()["errcode"] == 45009
    assert stable_token()["expires_in"] == 7200


# Normal mode


def test_the_token_stays_the_same_until_five_minutes_before_its_end(stable_token, clock):
    first = stable_token()

    clock.time += 6899

    assert stable_token() == {"access_token": first["access_token"], "expires_in": 301}
    clock.time += 1
    second = stable_token()
    assert second["access_token"] != first["access_token"]
    assert second["expires_in"] == 7200


def test_the_token_before_stays_good_for_five_more_minutes(stable_token, errcode_of, clock):
    first = stable_token()["access_token"]
    clock.time += 7199
    second = stable_token()["access_token"]

    clock.time += 299
    assert errcode_of(access_token=first) == GOOD
    clock.time += 1
    assert errcode_of(access_token=first) == 42001
    assert errcode_of(access_token=second) == GOOD


def test_an_expired_token_does_not_come_back(stable_token, errcode_of, clock):
    first = stable_token()["access_token"]

    clock.time += 7200
    second = stable_token()["access_token"]

    assert second != first
    assert errcode_of(access_token=first) == 42001


def test_apps_have_tokens_of_their_own(stable_token):
    assert stable_token()["access_token"] != stable_token(appid="wx-other")["access_token"]


def test_eight_at_once_get_one_token(fake):
    body = {"grant_type": "client_credential", "appid": "wx-shop", "secret": "shop-secret"}

    def ask(_: int) -> str:
        client = Client(fake.url)
        try:
            return client.post(PATH, body).json()["access_token"]
        finally:
            client.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


# Force mode


def test_a_forced_refresh_kills_the_token_before_at_once(stable_token, errcode_of):
    first = stable_token()["access_token"]

    second = stable_token(force_refresh=True)

    assert errcode_of(access_token=first) == 40001
    assert errcode_of(access_token=second["access_token"]) == GOOD
    assert second["expires_in"] == 7200
    assert stable_token() == second


def test_a_forced_refresh_kills_every_token_of_its_app_and_no_other(stable_token, errcode_of, clock):
    first = stable_token()["access_token"]
    clock.time += 7000
    second = stable_token()["access_token"]
    other = stable_token(appid="wx-other")["access_token"]

    stable_token(force_refresh=True)

    assert [errcode_of(access_token=token) for token in (first, second, other)] == [40001, 40001, GOOD]


def test_forced_refreshes_less_than_30_seconds_apart_refresh_nothing(stable_token, clock):
    first = stable_token(force_refresh=True)["access_token"]

    clock.time += 29
    assert stable_token(force_refresh=True) == {"access_token": first, "expires_in": 7171}
    clock.time += 1
    assert stable_token(force_refresh=True)["access_token"] != first


def test_a_forced_refresh_of_one_app_does_not_hold_up_another(stable_token):
    other = stable_token(appid="wx-other")
    stable_token(force_refresh=True)

    assert stable_token(appid="wx-other", force_refresh=True) != other


@pytest.mark.parametrize("force_refresh", [False, "true", 1])
def test_only_true_forces(stable_token, force_refresh):
    assert stable_token() == stable_token(force_refresh=force_refresh)


# Tokens in other calls


@pytest.mark.parametrize(
    ("query", "errcode"),
    [({}, 41001), ({"access_token": ""}, 41001), ({"access_token": "made-up-token"}, 40001)],
)
def test_a_missing_and_an_unknown_token_are_refused(errcode_of, query, errcode):
    assert errcode_of(**query) == errcode


def test_a_token_is_good_for_two_hours(access_token, errcode_of, clock):
    clock.time += 7199
    assert errcode_of(access_token=access_token) == GOOD
    clock.time += 1
    assert errcode_of(access_token=access_token) == 42001


@pytest.mark.parametrize("how", ["python", "http"])
def test_all_tokens_can_be_made_to_expire(fake, client, stable_token, errcode_of, how):
    tokens = [stable_token(appid=appid)["access_token"] for appid in ("wx-shop", "wx-other")]

    if how == "python":
        fake.expire_access_tokens()
    else:
        assert client.post("/_fake/expire-access-tokens").status == 200

    assert [errcode_of(access_token=token) for token in tokens] == [42001, 42001]
    assert errcode_of(access_token=stable_token()["access_token"]) == GOOD


def test_a_reset_forgets_tokens_and_when_they_were_forced(fake, stable_token, errcode_of):
    first = stable_token(force_refresh=True)["access_token"]

    fake.reset()

    assert errcode_of(access_token=first) == 40001
    second = stable_token()["access_token"]
    assert stable_token(force_refresh=True)["access_token"] != second


def test_tokens_are_masked_in_the_list_of_calls_and_bodies_left_out(client, access_token, errcode_of):
    errcode_of(access_token=access_token, signature="made-up-signature", openid="o-alice")

    listed = client.get("/_fake/calls")

    first, second = listed.json()
    assert (first["method"], first["path"], first["query"]) == ("POST", PATH, {})
    assert second["query"] == {
        "access_token": "***",
        "openid": "o-alice",
        "signature": "***",
        "sig_method": "hmac_sha256",
    }
    for secret in [access_token, "made-up-signature", "shop-secret"]:
        assert secret not in listed.body.decode()
