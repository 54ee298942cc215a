import json
from typing import Any

import pytest

from tests.api.uploads import send
from tests.conftest import Api
from tests.helpers.pictures import picture
from tests.settings import APPID
from wxlogin import databases
from wxlogin.models import WeChatUser
from wxlogin.services import blocking


def test_it_holds_everything_and_no_secret(api: Api) -> None:
    api.wechat.person("o-alice", unionid="u-alice", phone="13580006666")
    alice = api.log_in()
    alice.put("me/", {"nickname": "阿丽"})
    alice.post("phone/", {"code": api.wechat.phone_code_for("o-alice")})
    send(alice, picture())
    api.log_in().post("logout/")

    answer = alice.get("me/export/")

    person = WeChatUser.objects.select_related("user").get()
    export = answer.json()
    (identity,) = export.pop("identities")
    sessions = identity.pop("sessions")
    assert answer.status_code == 200
    assert export == {**export, "username": person.user.get_username()}
    assert str(export["id"]) == str(person.user_id)
    assert identity["avatar"] == alice.get("me/").json()["avatar"]
    assert {
        key: identity[key]
        for key in ("appid", "openid", "unionid", "nickname", "phone", "block", "staff_acts")
    } == {
        "appid": APPID,
        "openid": "o-alice",
        "unionid": "u-alice",
        "nickname": "阿丽",
        "phone": {"phone_number": "13580006666", "country_code": "86"},
        "block": None,
        "staff_acts": [],
    }
    assert identity["session_key"].keys() == {"state", "obtained_at", "checked_at"}
    assert {session["end_reason"] for session in sessions} == {"", "logged_out"}
    text = answer.content.decode()
    for secret in (
        api.wechat.session_key_of("o-alice", APPID),
        alice.tokens["access"],
        alice.tokens["refresh"],
    ):
        assert secret not in text


def test_it_covers_all_apps_of_the_user_and_nobody_else(api: Api, bob: Api, configure: Any) -> None:
    other = "wx00000000000000bb"
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in (APPID, other)})
    for appid in (APPID, other):
        api.wechat.person(f"o-{appid}", unionid="u-1")
        answer = api.send_code(api.wechat.code_for(f"o-{appid}", appid), appid=appid)

    export = Api(api.wechat, answer.json(), api.client).get("me/export/").json()

    assert [each["openid"] for each in export["identities"]] == [f"o-{APPID}", f"o-{other}"]
    assert "o-bob" not in json.dumps(export)


@pytest.mark.parametrize("public", [True, False])
def test_a_block_that_is_over_is_shown_with_the_reason_that_was_meant_to_be_read(
    alice: Api, public: bool
) -> None:
    wechat_user = WeChatUser.objects.get()
    blocking.block(wechat_user, reason="spam", until=wechat_user.created_at, public=public)

    (identity,) = alice.log_in().get("me/export/").json()["identities"]

    assert identity["block"]["reason"] == ("spam" if public else "")
    assert identity["block"]["until"]


def test_a_phone_that_no_listed_key_opens_does_not_stop_it(alice: Api, lose_keys: Any) -> None:
    alice.post("phone/", {"code": alice.wechat.phone_code_for("o-alice")})
    lose_keys()

    answer = alice.get("me/export/")

    assert (answer.status_code, answer.json()["identities"][0]["phone"]) == (200, None)


def test_the_number_of_queries_does_not_grow_with_the_sessions(
    alice: Api, django_assert_num_queries: Any
) -> None:
    for _ in range(8):
        alice.log_in()

    with django_assert_num_queries(5, connection=databases.connection()):
        alice.get("me/export/")
