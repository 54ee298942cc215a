"""Whatever people call themselves is text, and only text, on every page, in every message and file; in each theme.

Stored past the API, which takes some of it away. Accounts are named alike, as a project's own factory may
have it, and staff give reasons that are as bad.
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
from .pages import LISTS, OVERVIEW, PEOPLE, act_on, merge, page_of, person, why_not
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
# What has become more than text, or reaches beyond its place on the line.
ALIVE = r"""
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
    """Each name has somebody who bears it; by their unionid they seem to be one person."""
    configure(APPS={APPID: {**project.WXLOGIN["APPS"][APPID], "OPEN_PLATFORM": "ours"}})
    for place, name in enumerate(HOSTILE):
        log_in(openid_of(place))
        people = WeChatUser.objects.filter(openid=openid_of(place))
        people.update(nickname=name, unionid=UNIONID)
        User.objects.filter(wechat_users__in=people).update(username=name, first_name=name)
    return [person(openid_of(place)) for place in range(len(HOSTILE))]


def look(browser: Browser) -> None:
    assert browser.run(ALIVE) == [], browser.path
    assert browser.noticed == []


def test_names_and_reasons_are_text_on_every_page(
    crowd: list[WeChatUser], root: User, browser: Browser
) -> None:
    browser.log_in("root", then=PEOPLE)
    assert sorted(browser.texts("#result_list .wxlogin-said")) == sorted(HOSTILE)

    acts = ["end_sessions", "block", "unblock", "check_session_key", "reset_session_key"]
    for act, reason in zip(acts, HOSTILE, strict=False):
        browser.choose(act)
        look(browser)
        browser.answer(reason=reason)
        assert browser.path == PEOPLE
        assert browser.message
        look(browser)
    for reason in HOSTILE[len(acts) :]:
        browser.open(act_on(crowd[-1], "block"))
        browser.answer(reason=reason, public="on")
        look(browser)
    assert set(StaffAct.objects.values_list("reason", flat=True)) == set(HOSTILE)

    for row in crowd:
        browser.open(page_of(row))
        assert row.nickname in browser.texts(".wxlogin-said")
        look(browser)
    assert set(HOSTILE) <= set(browser.texts(".wxlogin-said"))  # in what staff did
    browser.picture("hostile-person")


def test_names_are_text_in_lists_questions_and_answers(
    crowd: list[WeChatUser], root: User, browser: Browser
) -> None:
    for row, name in zip(crowd, HOSTILE, strict=True):
        blocking.block(row, reason=name, public=True)
    for name in HOSTILE:  # as staff may be called
        StaffAct.objects.filter(reason=name).update(staff_name=name)
    browser.log_in("root", then=OVERVIEW)

    for one, other in zip(crowd[::2], crowd[1::2], strict=False):
        browser.open(merge(one, other))
        look(browser)
    browser.picture("hostile-merge")
    for page in (
        *LISTS,
        f"{PEOPLE}{crowd[0].pk}/history/",
        page_of(LoginSession.objects.first()),
        page_of(StaffAct.objects.first()),
        why_not(UNIONID),
        *(why_not(row.user_id) for row in crowd[-2:]),  # beyond those that are shown at once
        act_on(crowd[3], "reveal"),
        act_on(crowd[3], "erase"),
        f"/admin/auth/user/{crowd[2].user_id}/delete/",
    ):
        browser.open(page)
        look(browser)
        browser.picture("hostile-" + page.split("/")[3])


def test_names_are_text_in_the_export(crowd: list[WeChatUser], root: User, browser: Browser) -> None:
    browser.log_in("root", then=PEOPLE)

    browser.choose("export")
    browser.fill(reason="asked by the auditor")
    browser.click(browser.find("#wxlogin-act button[type=submit]"))

    lines = csv.DictReader(browser.downloaded().removeprefix("\ufeff").splitlines())
    names = {line["nickname"] for line in lines}
    assert names == {*HOSTILE[:-1], f"'{HOSTILE[-1]}"}
