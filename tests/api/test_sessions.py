import pytest
from django.contrib.auth import get_user_model

from tests.conftest import Api
from tests.helpers.queries import statements
from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, WeChatUser


def test_logout_ends_this_session_at_once(alice: Api) -> None:
    tablet = alice.log_in()

    answer = alice.post("logout/")

    refused = alice.get("me/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (refused.status_code, refused.json()["code"]) == (401, "session_ended")
    assert refused.json()["reason"] == "logged_out"
    assert alice.refresh().json()["reason"] == "logged_out"
    assert tablet.get("me/").status_code == 200


def test_logout_without_a_body_works(alice: Api) -> None:
    assert alice.post("logout/", b"", content_type="text/plain").status_code == 204


def test_logout_everywhere_ends_all_sessions_of_the_user_over_all_apps(
    api: Api, two_apps: tuple[str, str]
) -> None:
    here = Api(api.wechat, api.send_code(appid=two_apps[0]).json(), api.client)
    there = Api(api.wechat, api.send_code(openid="o-alice-b", appid=two_apps[1]).json(), api.client)
    bob = Api(api.wechat, api.send_code(openid="o-bob", appid=two_apps[0]).json(), api.client)
    WeChatUser.objects.filter(openid="o-alice-b").update(user=here.tokens["user"]["id"])
    there.tokens = Api(api.wechat, {}, api.client).send_code(openid="o-alice-b", appid=two_apps[1]).json()

    here.post("logout/", {"everywhere": True})

    assert here.get("me/").status_code == there.get("me/").status_code == 401
    assert bob.get("me/").status_code == 200


@pytest.mark.parametrize("everywhere", ["true", 1, None, "no", []])
def test_everywhere_is_a_boolean(alice: Api, everywhere: object) -> None:
    answer = alice.post("logout/", {"everywhere": everywhere})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["everywhere"])
    assert alice.get("me/").status_code == 200


def test_the_list_shows_own_live_sessions_newest_first(alice: Api, bob: Api) -> None:
    tablet, lost = alice.log_in(), alice.log_in()
    lost.post("logout/")

    answer = tablet.get("sessions/")

    rows = answer.json()
    assert answer.status_code == 200
    assert [row["current"] for row in rows] == [True, False]
    assert set(rows[0]) == {"id", "created_at", "last_seen_at", "expires_at", "ip", "user_agent", "current"}
    assert rows[0]["created_at"].endswith("Z")
    assert rows[0]["created_at"] > rows[1]["created_at"]


def test_ending_one_of_the_own_sessions_twice_is_fine(alice: Api) -> None:
    tablet = alice.log_in()
    other = next(row["id"] for row in tablet.get("sessions/").json() if not row["current"])

    answers = [tablet.delete(f"sessions/{other}/") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert alice.get("me/").json()["reason"] == "logged_out"
    assert tablet.get("me/").status_code == 200


@pytest.mark.parametrize("whose", ["bob's", "nobody's", "nonsense"])
def test_sessions_of_others_do_not_exist_for_me(alice: Api, bob: Api, whose: str) -> None:
    ids = {
        "bob's": bob.get("sessions/").json()[0]["id"],
        "nobody's": "0" * 32,
        "nonsense": "%00'; drop table--",
    }

    answer = alice.delete(f"sessions/{ids[whose]}/")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert bob.get("me/").status_code == 200


def test_an_authenticated_request_costs_one_query(alice: Api) -> None:
    with statements() as queries:
        alice.get("me/")

    assert len(queries) == 1, queries


@pytest.mark.django_db(transaction=True)
def test_a_warm_login_costs_six_statements_at_most(api: Api) -> None:
    for _ in range(11):
        api.log_in()

    with statements() as queries:
        api.send_code()

    assert LoginSession.objects.filter(end_reason="replaced").count() == 2
    assert len(queries) <= 6, queries
    assert not [sql for sql in queries if "SAVEPOINT" in sql]


def test_a_disabled_user_is_refused_at_the_next_request(alice: Api) -> None:
    get_user_model().objects.update(is_active=False)

    answer = alice.get("me/")

    assert (answer.status_code, answer.json()["reason"]) == (401, "account_disabled")


def test_saving_a_disabled_user_ends_the_sessions_also_if_nobody_asks_meanwhile(alice: Api) -> None:
    user = get_user_model().objects.get()
    user.is_active = False
    user.save()
    user.is_active = True
    user.save()

    assert alice.get("me/").json()["reason"] == "account_disabled"


def test_a_session_past_its_absolute_limit_is_refused(alice: Api) -> None:
    LoginSession.objects.update(expires_at=utc_now())

    answer = alice.get("me/")

    assert (answer.status_code, answer.json()["reason"]) == (401, "expired")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "Token abc", "bearer é"]
)
def test_without_a_good_token_nobody_gets_in(alice: Api, header: str) -> None:
    answer = alice.get("me/", headers={"Authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_refresh_token_is_no_access_token(alice: Api) -> None:
    answer = alice.get("me/", access=alice.tokens["refresh"])

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_the_token_of_a_user_whose_identity_moved_is_refused(alice: Api, bob: Api) -> None:
    WeChatUser.objects.filter(openid="o-alice").update(user=bob.tokens["user"]["id"])

    assert alice.get("me/").json()["code"] == "token_invalid"
