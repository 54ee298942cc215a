"""Hostile nicknames stay plain text on every page, in every message and in every file, in each theme.

They are stored without the API, which would remove a part of them. Usernames, as a project's own factory may
make them, and reasons that staff give are just as hostile.
"""

import csv
from collections.abc import Callable

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User

from tests.settings import APPID
from wxlogin.models import LoginSession, StaffAct, WeChatUser
from wxlogin.services import blocking

from .chromium import Browser
from .pages import LISTS, OVERVIEW, PEOPLE, act_url, diagnosis_url, merge_url, page_url, person
from .phone import Phone

HOSTILE = [
    "<script>window.__pwned=1</script>",
    "</script><script>window.__pwned=1</script>",
    '"><img src=x onerror="window.__pwned=1">',
    "a{{7*7}}z{{constructor.constructor('window.__pwned=1')()}}",
    "\u202egnidaer\u2066 the wrong way",
    "😀" * 64,
    "=cmd|' /C calc'!A0",
]
UNIONID = "uEverybody-0123456789-full-unionid"
# Names that became markup or script, or that change the writing direction outside their element.
NOT_TEXT = r"""
const found = [...document.querySelectorAll('[onerror]')].map(each => each.outerHTML);
found.push(...[...document.scripts].map(each => each.textContent).filter(each => each.includes('__pwned')));
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
    const text = texts.currentNode;
    if (/a49z/i.test(text.data)) found.push(text.data);
    if (/[\u202a-\u202e\u2066-\u2069]/.test(text.data) && !text.parentElement.closest('bdi, script'))
        found.push(text.parentElement.outerHTML);
}
return found;
"""


def openid_of(place: int) -> str:
    return f"o{place:03}-0123456789-full-openid"


@pytest.fixture
def crowd(log_in: Callable[[str], Phone], configure: Callable[..., None]) -> list[WeChatUser]:
    """A person for each hostile name. All have one unionid, so that they seem to be one person."""
    configure(APPS={APPID: {**project.WXLOGIN["APPS"][APPID], "OPEN_PLATFORM": "ours"}})
    for place, name in enumerate(HOSTILE):
        log_in(openid_of(place))
        people = WeChatUser.objects.filter(openid=openid_of(place))
        people.update(nickname=name, unionid=UNIONID)
        User.objects.filter(wechat_users__in=people).update(username=name, first_name=name)
    return [person(openid_of(place)) for place in range(len(HOSTILE))]


def check_page(browser: Browser) -> None:
    assert browser.run(NOT_TEXT) == [], browser.path
    assert browser.notices == []


def test_names_and_reasons_are_text_on_every_page(
    crowd: list[WeChatUser], root: User, browser: Browser
) -> None:
    browser.log_in("root", then=PEOPLE)
    assert sorted(browser.texts("#result_list .wxlogin-said")) == sorted(HOSTILE)

    acts = ["end_sessions", "block", "unblock", "check_session_key", "reset_session_key"]
    for act, reason in zip(acts, HOSTILE, strict=False):
        browser.choose(act)
        check_page(browser)
        browser.answer(reason=reason)
        assert browser.path == PEOPLE
        assert browser.message
        check_page(browser)
    for reason in HOSTILE[len(acts) :]:
        browser.open(act_url(crowd[-1], "block"))
        browser.answer(reason=reason, public="on")
        check_page(browser)
    assert set(StaffAct.objects.values_list("reason", flat=True)) == set(HOSTILE)

    for row in crowd:
        browser.open(page_url(row))
        assert row.nickname in browser.texts(".wxlogin-said")
        check_page(browser)
    # The reasons are in the section with what staff did.
    assert set(HOSTILE) <= set(browser.texts(".wxlogin-said"))
    browser.save_screenshot("hostile-person")


def test_names_are_text_in_lists_questions_and_answers(
    crowd: list[WeChatUser], root: User, browser: Browser
) -> None:
    for row, name in zip(crowd, HOSTILE, strict=True):
        blocking.block(row, reason=name, public=True)
    # Staff may have such names too.
    for name in HOSTILE:
        StaffAct.objects.filter(reason=name).update(staff_name=name)
    browser.log_in("root", then=OVERVIEW)

    for one, other in zip(crowd[::2], crowd[1::2], strict=False):
        browser.open(merge_url(one, other))
        check_page(browser)
    browser.save_screenshot("hostile-merge")
    for page in (
        *LISTS,
        f"{PEOPLE}{crowd[0].pk}/history/",
        page_url(LoginSession.objects.first()),
        page_url(StaffAct.objects.first()),
        diagnosis_url(UNIONID),
        # The page shows five people at once, and the unionid finds seven.
        *(diagnosis_url(row.user_id) for row in crowd[-2:]),
        act_url(crowd[3], "reveal"),
        act_url(crowd[3], "erase"),
        f"/admin/auth/user/{crowd[2].user_id}/delete/",
    ):
        browser.open(page)
        check_page(browser)
        browser.save_screenshot("hostile-" + page.split("/")[3])


def test_names_are_text_in_the_export(crowd: list[WeChatUser], root: User, browser: Browser) -> None:
    browser.log_in("root", then=PEOPLE)

    browser.choose("export")
    browser.fill(reason="asked by the auditor")
    browser.click(browser.find("#wxlogin-act button[type=submit]"))

    lines = csv.DictReader(browser.read_download().removeprefix("\ufeff").splitlines())
    names = {line["nickname"] for line in lines}
    assert names == {*HOSTILE[:-1], f"'{HOSTILE[-1]}"}
