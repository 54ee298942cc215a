"""Logging in with a code: the answer, the rows that it makes, and who may not log in."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from tests.conftest import Api
from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.models import LoginFailure, LoginSession, SessionKey, WeChatUser
from wxlogin.secret import Secret
from wxlogin.signals import logged_in


def test_the_answer_is_the_documented_one(api: Api) -> None:
    answer = api.send_code()

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access", "refresh", "expires_in", "refresh_expires_in", "created", "user"}
    assert set(body["user"]) == {"id", "nickname", "avatar", "phone_bound", "created_at"}
    assert (body["expires_in"], body["refresh_expires_in"]) == (300, 7 * 24 * 3600)
    assert body["created"] is True
    assert body["user"]["id"] == get_user_model().objects.get().pk
    assert (body["user"]["nickname"], body["user"]["avatar"], body["user"]["phone_bound"]) == (
        "",
        None,
        False,
    )
    assert body["user"]["created_at"].endswith("Z")


def test_a_code_logs_in_once(api: Api) -> None:
    code = api.wechat.code_for("o-alice")
    api.send_code(code)

    again = api.send_code(code)

    assert again.status_code == 401
    assert again.json()["code"] == "code_invalid"
    assert again["WWW-Authenticate"] == "Bearer"
    assert LoginSession.objects.count() == 1


def test_the_same_person_again_is_the_same_user_with_a_new_session(api: Api) -> None:
    first, again = api.send_code(), api.send_code()

    assert first.json()["user"]["id"] == again.json()["user"]["id"]
    assert again.json()["created"] is False
    assert get_user_model().objects.count() == WeChatUser.objects.count() == 1
    assert LoginSession.objects.count() == 2


def test_two_people_are_two_users(alice: Api, bob: Api) -> None:
    assert alice.tokens["user"]["id"] != bob.tokens["user"]["id"]


def test_people_whose_openids_differ_only_in_case_are_two(api: Api) -> None:
    lower, upper = api.log_in("o-abc"), api.log_in("o-ABC")

    assert lower.tokens["user"]["id"] != upper.tokens["user"]["id"]


def test_the_django_user_can_do_nothing_by_itself(alice: Api) -> None:
    user = get_user_model().objects.get()

    assert not user.has_usable_password()
    assert not user.is_staff
    assert not user.is_superuser
    assert "alice" not in user.username


def test_the_session_key_is_kept_sealed(alice: Api) -> None:
    held = SessionKey.objects.get()
    live = alice.wechat.session_key_of("o-alice", APPID)

    assert held.unseal().reveal() == live
    assert live.encode() not in bytes(held.sealed)
    assert held.state == SessionKey.State.UNKNOWN


def test_an_answer_to_an_older_code_keeps_the_newer_session_key(alice: Api) -> None:
    person = WeChatUser.objects.get()
    before = SessionKey.objects.get().unseal().reveal()

    kept = SessionKey.objects.store(
        person, Secret("b2xkZXIga2V5IGhlcmUhIQ=="), asked_at=person.created_at.replace(year=2020)
    )

    assert not kept
    assert SessionKey.objects.get().unseal().reveal() == before


def test_a_unionid_that_comes_late_is_stored_and_one_that_is_missing_erases_nothing(api: Api) -> None:
    api.log_in("o-alice")
    api.wechat.person("o-alice", unionid="u-alice")
    api.log_in("o-alice")
    api.wechat.person("o-alice", unionid=None)

    api.log_in("o-alice")

    assert WeChatUser.objects.get().unionid == "u-alice"


def test_the_session_stores_where_it_came_from(api: Api) -> None:
    headers = {
        "User-Agent": "MicroMessenger/8.0",
        "Referer": f"https://servicewechat.com/{APPID}/42/page-frame.html",
        "X-Wxlogin-Client": "0.1.0",
    }

    api.post("login/", {"code": api.wechat.code_for("o-alice")}, headers=headers, REMOTE_ADDR="203.0.113.9")

    session = LoginSession.objects.get()
    assert (session.ip, session.user_agent) == ("203.0.113.9", "MicroMessenger/8.0")
    assert (session.release, session.client) == ("42", "0.1.0")


@pytest.mark.parametrize("hint", ["🍵", "茶", "\udcff", "\0", "\x85\xa0", "x" * 10_000, "x\r\ny"])
@pytest.mark.parametrize("code", ["good", "unknown"])
def test_no_header_costs_a_login_or_the_row_of_its_failure(api: Api, hint: str, code: str) -> None:
    headers = {
        "User-Agent": f"MicroMessenger/8.0 {hint}",
        "Referer": f"https://servicewechat.com/{APPID}/{hint}/page-frame.html",
        "X-Wxlogin-Client": hint,
        "X-Request-ID": hint,
    }
    code = api.wechat.code_for("o-alice") if code == "good" else code

    answer = api.post("login/", {"code": code}, headers=headers)

    assert answer.status_code in (200, 401)
    row = LoginSession.objects.first() or LoginFailure.objects.get()
    assert row.client == ""
    if isinstance(row, LoginSession):
        assert row.user_agent.startswith("MicroMessenger/8.0")
        assert row.user_agent.isascii()
        assert row.release == ""


@pytest.mark.parametrize("stale", ["Bearer nonsense", "Bearer ", "Basic YTpi", "Bearer a.b.c"])
def test_a_stale_authorization_header_is_ignored(api: Api, stale: str) -> None:
    code = api.wechat.code_for("o-alice")

    answer = api.post("login/", {"code": code}, headers={"Authorization": stale})

    assert answer.status_code == 200


def test_a_disabled_user_may_not_log_in(alice: Api) -> None:
    get_user_model().objects.update(is_active=False)
    before = WeChatUser.objects.get().last_login_at

    answer = alice.send_code()

    assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")
    assert "reason" not in answer.json()
    assert LoginSession.objects.count() == 1
    assert WeChatUser.objects.get().last_login_at == before
    assert LoginFailure.objects.get().code == "account_disabled"


@pytest.mark.parametrize(("public", "shown"), [(True, "spam"), (False, None)])
def test_a_blocked_person_may_not_log_in_and_hears_why_only_if_staff_say_so(
    alice: Api, public: bool, shown: str | None
) -> None:
    WeChatUser.objects.update(blocked_at=utc_now(), block_reason="spam", block_reason_public=public)

    answer = alice.send_code()

    assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")
    assert answer.json().get("reason") == shown


def test_a_block_that_is_over_is_none(alice: Api) -> None:
    now = utc_now()
    WeChatUser.objects.update(blocked_at=now.replace(year=2020), blocked_until=now)

    assert alice.send_code().status_code == 200


def test_the_eleventh_session_replaces_the_oldest(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    devices = [api.log_in("o-alice") for _ in range(11)]

    oldest = devices[0].get("me/")
    assert (oldest.status_code, oldest.json()["reason"]) == (401, "replaced")
    assert all(device.get("me/").status_code == 200 for device in devices[1:])
    assert LoginSession.objects.live(utc_now()).count() == 10
    assert caplog.text.count("session ended") == caplog.text.count("reason=replaced") == 1


def test_a_smaller_limit_holds_after_the_next_login(api: Api, configure: Any) -> None:
    for _ in range(5):
        api.log_in("o-alice")
    configure(MAX_SESSIONS=2)

    api.log_in("o-alice")

    assert LoginSession.objects.live(utc_now()).count() == 2


@pytest.mark.django_db(transaction=True)
def test_listeners_hear_of_a_login_and_cannot_spoil_it(api: Api) -> None:
    heard: list[Any] = []

    def listen(login_session: LoginSession, created: bool, **kwargs: Any) -> None:
        heard.append((login_session.wechat_user.openid, created))
        raise RuntimeError

    logged_in.connect(listen)
    try:
        answers = [api.send_code(), api.send_code()]
    finally:
        logged_in.disconnect(listen)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert heard == [("o-alice", True), ("o-alice", False)]


def test_a_project_can_make_its_own_users(api: Api, configure: Any) -> None:
    configure(USER_FACTORY="tests.api.test_login.make_customer")

    api.log_in("o-alice")

    assert get_user_model().objects.get().username == "customer-6"


def make_customer(*, appid: str, openid: str, unionid: str) -> Any:
    return get_user_model().objects.create(username=f"customer-{len(openid) - 1}")


def test_a_person_whose_account_was_kept_comes_back_as_somebody_new(alice: Api) -> None:
    WeChatUser.objects.all().delete()

    answer = alice.send_code()

    assert answer.status_code == 200
    assert answer.json()["created"] is True
    assert get_user_model().objects.count() == 2
