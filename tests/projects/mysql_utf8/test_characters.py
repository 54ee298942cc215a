import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tests.conftest import Api
from tests.management.doctor.command import line_with, run
from wxlogin import checks
from wxlogin.models import LoginFailure, LoginSession, StaffAct, WeChatUser

AGENT = "Mozilla/5.0 🍵 茶\udce9 MicroMessenger/8.0"
HINTS = {
    "User-Agent": AGENT,
    "Referer": "https://servicewechat.com/wx00000000000000aa/🍵/page.html",
    "X-Wxlogin-Client": "0.1🍵",
    "X-Request-ID": "🍵-1",
}
REASON = "blocked 🍵"


def test_an_emoji_in_a_header_costs_no_login(api: Api) -> None:
    answer = api.post("login/", {"code": api.wechat.code_for("o-alice")}, access="", headers=HINTS)

    assert answer.status_code == 200
    session = LoginSession.objects.get()
    assert "MicroMessenger/8.0" in session.user_agent
    assert (session.release, session.client) == ("", "")


def test_an_emoji_in_a_header_costs_no_failure_row(api: Api) -> None:
    answer = api.post("login/", {"code": "unknown"}, access="", headers=HINTS)

    assert answer.status_code == 401
    assert LoginFailure.objects.get().request_id == answer["X-Request-ID"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("nickname", ["🍵", "茶馆 🍵 Tea"])
def test_a_nickname_that_cannot_be_stored_is_no_outage(
    alice: Api, caplog: pytest.LogCaptureFixture, nickname: str
) -> None:
    answer = alice.put("me/", {"nickname": nickname})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert list(answer.json()["fields"]) == ["nickname"]
    assert "Retry-After" not in answer
    [line] = [each for each in caplog.records if each.levelno == logging.ERROR and each.name == "wxlogin"]
    assert "nickname" in line.getMessage()
    assert "utf8mb4" in line.getMessage()
    assert "🍵" not in caplog.text
    assert WeChatUser.objects.get().nickname == ""
    assert alice.put("me/", {"nickname": "茶馆"}).json()["nickname"] == "茶馆"


def test_a_reason_that_cannot_be_stored_is_told_to_staff(
    alice: Api, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(User.objects.create_superuser("root", password="made-up"))
    pk = WeChatUser.objects.get().pk
    url = f"/admin/wxlogin/wechatuser/{pk}/act/block/"

    answer = client.post(url, {"confirmed": "1", "reason": REASON})

    assert answer.status_code == 200
    assert "character set" in answer.content.decode()
    assert "utf8mb4" in caplog.text
    assert not StaffAct.objects.exists()
    assert client.post(url, {"confirmed": "1", "reason": "茶"}).status_code == 302
    assert StaffAct.objects.get().reason == "茶"


@pytest.mark.parametrize("page", ["wechatuser", "loginsession", "loginfailure", "staffact", "overview/why"])
def test_staff_may_search_for_an_emoji(client: Client, db: None, page: str) -> None:
    client.force_login(User.objects.create_superuser("root", password="made-up"))

    assert client.get(f"/admin/wxlogin/{page}/", {"q": "🍵"}).status_code == 200


def test_check_and_doctor_name_the_character_set(db: None) -> None:
    [problem] = checks.check_project()
    printed, is_well = run()

    assert problem.id == "wxlogin.E042"
    assert "utf8mb4" in str(problem.hint)
    assert not is_well
    assert "PROBLEM" in line_with("Database: It refuses or changes an emoji", printed)
    assert LoginFailure.objects.count() == StaffAct.objects.count() == 0


def test_the_doctor_asks_the_connection_itself(db: None, settings: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET NAMES utf8mb4")
    try:
        printed, _ = run()
        assert line_with("Database: Emoji", printed).startswith("ok")
    finally:
        connection.close()
