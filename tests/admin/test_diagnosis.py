"""The page that says why a person can't log in."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tests.conftest import Api
from tests.helpers.queries import statements
from wxlogin.models import LoginFailure, LoginSession, WeChatUser
from wxlogin.services.blocking import block
from wxlogin.wechat.results import PhoneNumber

from .staff import OPENID, UNIONID, VIEW_PEOPLE, alice, url


def diagnose(browser: Client, key: str) -> str:
    answer = browser.get(url("overview", "why"), {"q": key})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def keys(person: Api) -> dict[str, str]:
    """Every key that finds the person."""
    alice().store_phone(PhoneNumber("13800138000", "86"))
    return {
        "openid": OPENID,
        "unionid": UNIONID,
        "phone": "13800138000",
        "user id": str(alice().user_id),
        "session id": LoginSession.objects.latest("pk").public_id,
    }


@pytest.mark.parametrize("key", ["openid", "unionid", "phone", "user id", "session id"])
def test_a_person_is_diagnosed_by_each_key(keys: dict[str, str], desk: Client, key: str) -> None:
    block(alice(), reason="spam")

    content = diagnose(desk, f" {keys[key]} ")

    assert f"Found by: {key}" in re.sub(r"\s+", " ", content)
    assert url("wechatuser", "change", alice().pk) in content
    assert "oAli…enid" in content
    assert "Blocked since" in content
    assert "spam" in content


def test_what_was_asked_for_is_nowhere_on_the_page(keys: dict[str, str], desk: Client) -> None:
    for key in ("openid", "unionid", "phone", "session id"):
        assert keys[key] not in diagnose(desk, keys[key]), key


def test_a_request_id_leads_to_its_failure_in_words(
    person: Api, desk: Client, staff_with: Callable[..., Client]
) -> None:
    failure = LoginFailure.objects.get()
    link = url("loginfailure", "change", failure.pk)

    content = diagnose(desk, "trace-42")

    assert "WeChat doesn&#x27;t know the login code" in content
    assert "40029" in content
    assert link not in content
    assert link in diagnose(staff_with(*VIEW_PEOPLE, "view_loginfailure"), "trace-42")


def test_a_request_id_leads_to_the_person_where_they_are_known(person: Api, desk: Client) -> None:
    block(alice(), reason="spam")
    person.post(
        "login/",
        {"code": person.wechat.code_for(OPENID)},
        access="",
        headers={"X-Request-ID": "trace-43"},
    )

    content = diagnose(desk, "trace-43")

    assert "account_disabled" in content
    assert "oAli…enid" in content
    assert "Blocked since" in content


@pytest.mark.parametrize("key", ["nobody-at-all", "x" * 5000, "\0", "'; DROP TABLE", "{{7*7}}", "９９９"])
def test_a_key_that_matches_nobody_gets_a_message(person: Api, desk: Client, key: str) -> None:
    content = diagnose(desk, f"no{key}")

    assert "Nobody and no failure is found by that." in content
    assert key.strip("\0") not in content or key == "\0"


def test_an_empty_search_finds_nothing(person: Api, desk: Client) -> None:
    content = diagnose(desk, "  ")

    assert "wxlogin-findings" not in content
    assert "Nobody and no failure" not in content


def test_of_a_crowd_the_first_few_are_shown(person: Api, desk: Client) -> None:
    for number in range(8):
        other = person.log_in(f"o-other-{number}")
        WeChatUser.objects.filter(user_id=other.tokens["user"]["id"]).update(unionid="u-shared")

    with statements() as asked:
        content = diagnose(desk, "u-shared")

    assert content.count("wxlogin-findings") == 5
    assert "It means 3 more people" in content
    assert len(asked) <= 45


def test_what_people_and_staff_wrote_is_only_text(person: Api, desk: Client) -> None:
    hostile = "<script>alert(1)</script>{{7*7}}{0}"
    person.put("me/", {"nickname": hostile})
    block(alice(), reason=hostile)

    content = diagnose(desk, OPENID)

    assert "<script>alert" not in content
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}{0}" in content
    assert "{{7*7}}" not in re.findall(r"<title>(.*?)</title>", content, re.S)[0]
