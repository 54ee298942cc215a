"""A working day of the staff, and its effects on people's phones, in each theme."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.utils.translation import gettext, ngettext, override

from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, StaffAct

from .chromium import Browser
from .conftest import ALICE, BOB
from .pages import LISTS, OVERVIEW, PEOPLE, SESSIONS, STAFF_LOG, act_url, diagnosis_url, page_url, person
from .phone import Phone

# Themes add no text to our pages, so both languages are tested in one of them only.
LANGUAGES = ["en", "zh-hans"] if project.THEME == "stock" else ["en"]
in_each_language = pytest.mark.parametrize("language", LANGUAGES)
stock_only = pytest.mark.skipif(project.THEME != "stock", reason="a theme adds nothing to it")


def translate(language: str, text: str) -> str:
    with override(language):
        translated = gettext(text)
    assert language == "en" or re.search("[一-鿿]", translated), f"not translated: {text}"
    return translated


def translate_count(language: str, count: int, one: str, many: str) -> str:
    with override(language):
        return ngettext(one, many, count) % count


@in_each_language
def test_a_person_is_found_by_each_key(
    alice: Phone, bob: Phone, root: User, browser: Browser, language: str
) -> None:
    row = person(ALICE)
    keys = {
        row.openid: "openid",
        row.unionid: "unionid",
        "13580006666": "phone",
        str(row.user_id): "user id",
        LoginSession.objects.get(wechat_user=row).public_id: "session id",
        row.openid[:6]: "beginning of an openid",
    }
    browser.set_language(language)
    browser.log_in("root", then=PEOPLE)

    for key, what in keys.items():
        browser.search(key)
        assert browser.texts("#result_list tbody th a") == ["oAli…enid"]
        with override(language):
            assert gettext("Found by: %s.") % gettext(what) in browser.message

    browser.save_screenshot(f"found-{language}")
    browser.search("oNobody")
    assert translate(language, "Nobody is found by this key.") in browser.message
    assert browser.texts("#result_list tbody th a") == []


@in_each_language
def test_a_person_whose_sessions_staff_ended_is_refused_at_the_next_request(
    alice: Phone, bob: Phone, root: User, browser: Browser, language: str
) -> None:
    browser.set_language(language)
    browser.log_in("root", then=PEOPLE)
    assert alice.get_me().status_code == 200

    browser.choose("end_sessions", person(ALICE))
    browser.save_screenshot(f"end-sessions-{language}")
    browser.answer()

    answer = alice.get_me()
    assert (answer.status_code, answer.json()["reason"]) == (401, "ended_by_staff")
    assert bob.get_me().status_code == 200
    assert browser.path == PEOPLE
    one = "%d login session ended. Its tokens are refused from the next request on."
    many = "%d login sessions ended. Their tokens are refused from the next request on."
    assert translate_count(language, 1, one, many) in browser.message


@stock_only
def test_one_session_ends_and_the_others_go_on(
    alice: Phone, log_in: Callable[[str], Phone], root: User, browser: Browser
) -> None:
    lost, at_hand = alice, log_in(ALICE)
    session = LoginSession.objects.get(public_id=_session_of(lost))
    browser.log_in("root", then=page_url(person(ALICE)))

    browser.press(f"a[href='{act_url(session, 'end_sessions')}']")
    browser.answer()

    assert browser.path == page_url(session)
    assert lost.get_me().json()["reason"] == "ended_by_staff"
    assert at_hand.get_me().status_code == 200

    browser.open(SESSIONS)
    browser.choose("end_sessions", LoginSession.objects.get(public_id=_session_of(at_hand)))
    browser.answer()

    assert browser.path == SESSIONS
    assert at_hand.get_me().json()["reason"] == "ended_by_staff"


@in_each_language
def test_who_is_blocked_is_told_why_and_gets_in_again_after_the_unblock(
    alice: Phone, root: User, browser: Browser, language: str
) -> None:
    row = person(ALICE)
    until = utc_now() + timedelta(days=400)
    browser.set_language(language)
    browser.log_in("root", then=page_url(row))

    browser.follow(translate(language, "Block…"))
    browser.save_screenshot(f"block-{language}")
    browser.fill(until_0=until.strftime("%Y-%m-%d"), until_1="12:00:00", public="on")
    browser.answer(reason="spam in the tea house")

    assert alice.get_me().json()["reason"] == "account_disabled"
    refusal = alice.send_code()
    assert refusal.json()["code"] == "account_disabled"
    assert refusal.json()["reason"] == "spam in the tea house"
    assert browser.path == page_url(row)
    # Once in the state, once in what staff did.
    assert browser.texts(".wxlogin-said").count("spam in the tea house") == 2
    assert str(until.year) in browser.text
    browser.save_screenshot(f"blocked-{language}")

    browser.open(diagnosis_url(row.user_id))
    assert "spam in the tea house" in browser.text
    browser.save_screenshot(f"why-{language}")

    browser.open(page_url(row))
    browser.follow(translate(language, "Unblock…"))
    browser.answer()

    assert alice.get_me().json()["reason"] == "account_disabled"
    assert alice.log_in().get_me().status_code == 200


@in_each_language
def test_a_masked_value_is_shown_once(alice: Phone, root: User, browser: Browser, language: str) -> None:
    row = person(ALICE)
    browser.set_language(language)
    browser.log_in("root", then=page_url(row))
    assert "13580006666" not in browser.driver.page_source

    browser.follow(translate(language, "Reveal a masked field…"))
    browser.save_screenshot(f"reveal-{language}")
    browser.answer(field="phone")

    assert browser.texts("#wxlogin-revealed") == ["+86 13580006666"]
    browser.save_screenshot(f"revealed-{language}")

    browser.driver.back()
    assert "13580006666" not in browser.driver.page_source
    browser.driver.forward()
    assert "13580006666" not in browser.driver.page_source
    browser.open(page_url(row))
    assert "13580006666" not in browser.driver.page_source
    browser.open(STAFF_LOG)
    assert "13580006666" not in browser.driver.page_source
    assert StaffAct.objects.get().details == {"field": "phone"}


@stock_only
def test_wechat_is_asked_about_the_session_key(alice: Phone, root: User, browser: Browser) -> None:
    row = person(ALICE)
    browser.log_in("root", then=page_url(row))

    browser.follow("Ask WeChat whether the session key holds…")
    browser.answer()
    assert "the session key holds." in browser.message

    browser.follow("Have WeChat replace the session key…")
    browser.answer()
    assert "WeChat gave a new session key." in browser.message
    assert alice.get_me().status_code == 200


def test_two_accounts_become_one_and_two_again(
    alice: Phone, bob: Phone, root: User, browser: Browser
) -> None:
    browser.log_in("root", then=PEOPLE)

    browser.choose("merge", person(ALICE))
    assert browser.path == PEOPLE
    assert "Choose two people of two accounts." in browser.message

    browser.choose("merge", person(ALICE), person(BOB))
    browser.save_screenshot("merge")
    browser.answer(keep=str(person(BOB).user_id))

    assert "Merged: 1 identity moved." in browser.message
    assert person(ALICE).user_id == person(BOB).user_id
    assert alice.get_me().json()["code"] == "token_invalid"
    assert alice.refresh().status_code == 200
    assert alice.get_me().json()["id"] == bob.get_me().json()["id"]

    browser.open(page_url(person(ALICE)))
    assert "oBob…enid" in browser.text
    browser.save_screenshot("merged")
    browser.follow("Split this identity off…")
    browser.answer()

    assert person(ALICE).user_id != person(BOB).user_id


@in_each_language
def test_an_erased_persons_session_and_row_are_gone(
    alice: Phone, root: User, browser: Browser, language: str
) -> None:
    row = person(ALICE)
    browser.set_language(language)
    browser.log_in("root", then=page_url(row))

    browser.follow(translate(language, "Erase…"))
    browser.save_screenshot(f"erase-{language}")
    browser.answer()

    assert alice.get_me().json()["reason"] == "erased"
    assert browser.path == PEOPLE
    assert translate_count(language, 1, "%d identity erased.", "%d identities erased.") in browser.message
    browser.search(ALICE)
    assert translate(language, "Nobody is found by this key.") in browser.message


@pytest.mark.parametrize(
    "unmasked", [False, pytest.param(True, marks=stock_only)], ids=["masked", "unmasked"]
)
def test_people_are_exported(alice: Phone, bob: Phone, root: User, browser: Browser, unmasked: bool) -> None:
    browser.log_in("root", then=PEOPLE)

    browser.choose("export", person(ALICE))
    browser.save_screenshot("export")
    browser.fill(reason="asked by the auditor", **({"unmasked": "on"} if unmasked else {}))
    browser.click(browser.find("#wxlogin-act button[type=submit]"))

    head, *lines = csv.reader(browser.read_download().removeprefix("\ufeff").splitlines())
    (alices,) = [dict(zip(head, line, strict=True)) for line in lines]
    assert alices["openid"] == (ALICE if unmasked else "oAli…enid")
    assert alices["phone"] == ("86 13580006666" if unmasked else "86 13…66")
    assert alices["nickname"] == "韩梅梅"
    assert StaffAct.objects.get().reason == "asked by the auditor"


@in_each_language
def test_what_staff_did_is_in_their_log(alice: Phone, root: User, browser: Browser, language: str) -> None:
    browser.set_language(language)
    browser.log_in("root", then=act_url(person(ALICE), "end_sessions"))

    browser.answer(reason="她的手机丢了")
    assert "她的手机丢了" in browser.texts(".wxlogin-said")
    browser.save_screenshot(f"person-{language}")
    browser.open(STAFF_LOG)

    row = browser.find("#result_list tbody tr").text
    assert "root" in row
    assert translate(language, "ended login sessions") in row
    assert "oAli…enid" in row
    assert "她的手机丢了" in row
    browser.save_screenshot(f"staff-log-{language}")


@in_each_language
def test_the_figures_and_every_list_are_there(
    alice: Phone, root: User, browser: Browser, language: str
) -> None:
    alice.send_code("never-issued", **{"X-Request-ID": "trace-42"})
    browser.set_language(language)
    browser.log_in("root", then=OVERVIEW)

    assert browser.run("return document.querySelectorAll('.wxlogin-bars rect').length") > 3
    assert "code_invalid" in browser.text
    browser.press("#wxlogin-health [type=submit]")
    assert browser.texts("#wxlogin-health .wxlogin-badge") != []
    browser.save_screenshot(f"overview-{language}")

    browser.open(OVERVIEW)
    browser.search("trace-42")
    assert translate(language, "The request with this id") in browser.text
    for page in LISTS:
        browser.open(page)
        assert browser.texts("#result_list tbody tr") or page == STAFF_LOG
        browser.save_screenshot(f"{page.split('/')[3]}-list-{language}")


def _session_of(phone: Phone) -> Any:
    (current,) = [each for each in phone.as_user("GET", "sessions/").json() if each["current"]]
    return current["id"]
