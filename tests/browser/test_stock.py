"""What the stock admin leaves to us: a strict policy, phones, keyboards, and those who hear their screen."""

from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from selenium.webdriver.common.keys import Keys

from .chromium import Browser
from .conftest import ALICE, BOB
from .csp import POLICY
from .looks import NAMELESS, TOO_WIDE
from .pages import OVERVIEW, act_on, every_page, page_of, person, questions, short
from .phone import Phone

LOOK = """
const own = getComputedStyle(arguments[0]);
return [own.outlineStyle, own.boxShadow, own.borderColor, own.textDecorationLine].join(' ');
"""

pytestmark = pytest.mark.skipif(project.THEME != "stock", reason="in a theme this is up to the theme")


def test_no_page_breaks_a_strict_policy(alice: Phone, bob: Phone, root: User, browser: Browser) -> None:
    browser.log_in("root", then=OVERVIEW)
    browser.press("#wxlogin-health [type=submit]")

    for page in every_page(person(ALICE), person(BOB)):
        browser.open(page)
        assert browser.noticed == [], page
        assert browser.run(
            "return [...document.styleSheets].filter(each => each.href).every(each => each.cssRules.length)"
        )


def test_what_breaks_the_policy_would_be_noticed(root: User, browser: Browser) -> None:
    browser.log_in("root", then=OVERVIEW)

    browser.run(
        """document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.__pwned = 1">')"""
    )
    browser.wait(lambda: bool(browser.noticed))
    browser.run("window.__pwned = 1")

    broken, ran = browser.noticed
    assert POLICY == "default-src 'self'"
    assert broken.startswith("script-src-attr inline on ")
    assert ran.startswith("a script of theirs ran on ")
    browser.forget()


def test_every_page_fits_a_phone(alice: Phone, bob: Phone, root: User, browser: Browser) -> None:
    alice.send_code("never-issued")
    browser.resize(375)
    browser.log_in("root")

    for page in every_page(person(ALICE), person(BOB)):
        browser.open(page)
        assert not browser.run(TOO_WIDE), page
        browser.picture(f"narrow-{short(page)}")


def test_an_act_needs_no_mouse(alice: Phone, root: User, browser: Browser) -> None:
    row = person(ALICE)
    browser.log_in("root", then=page_of(row))

    tab_to(browser, f"a[href='{act_on(row, 'end_sessions')}']").send_keys(Keys.ENTER)
    browser.wait(lambda: browser.has("#wxlogin-act"))
    tab_to(browser, "#wxlogin-act [name=reason]").send_keys("asked by phone")
    tab_to(browser, "#wxlogin-act [type=submit]").send_keys(Keys.ENTER)

    browser.wait(lambda: browser.path == page_of(row))
    assert alice.get_me().json()["reason"] == "ended_by_staff"


def test_every_field_has_a_name(alice: Phone, bob: Phone, root: User, browser: Browser) -> None:
    browser.log_in("root", then=OVERVIEW)

    for page in (OVERVIEW, *questions(person(ALICE), person(BOB))):
        browser.open(page)
        assert browser.run(NAMELESS) == [], page


def tab_to(browser: Browser, selector: str) -> Any:
    """By tabs alone; what has the focus has to show it."""
    wanted = browser.find(selector)
    without_focus = browser.run(LOOK, wanted)
    for _ in range(100):
        browser.press_key(Keys.TAB)
        if browser.driver.switch_to.active_element == wanted:
            assert browser.run(LOOK, wanted) != without_focus
            return wanted
    pytest.fail(f"no tab leads to {selector}")
