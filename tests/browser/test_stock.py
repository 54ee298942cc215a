"""The pages in the stock admin: a strict policy, phones, keyboards and screen readers."""

from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from selenium.webdriver.common.keys import Keys

from .chromium import Browser
from .conftest import ALICE, BOB
from .csp import POLICY
from .looks import NAMELESS, TOO_WIDE
from .pages import OVERVIEW, act_url, all_urls, form_urls, page_url, person, short_name
from .phone import Phone

FOCUS_STYLE = """
const own = getComputedStyle(arguments[0]);
return [own.outlineStyle, own.boxShadow, own.borderColor, own.textDecorationLine].join(' ');
"""

pytestmark = pytest.mark.skipif(project.THEME != "stock", reason="in a theme this is up to the theme")


def test_no_page_breaks_a_strict_policy(alice: Phone, bob: Phone, root: User, browser: Browser) -> None:
    browser.log_in("root", then=OVERVIEW)
    browser.press("#wxlogin-health [type=submit]")

    for page in all_urls(person(ALICE), person(BOB)):
        browser.open(page)
        assert browser.notices == [], page
        assert browser.run(
            "return [...document.styleSheets].filter(each => each.href).every(each => each.cssRules.length)"
        )


def test_what_breaks_the_policy_would_be_noticed(root: User, browser: Browser) -> None:
    browser.log_in("root", then=OVERVIEW)

    browser.run(
        """document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.__pwned = 1">')"""
    )
    browser.wait(lambda: bool(browser.notices))
    browser.run("window.__pwned = 1")

    broken, ran = browser.notices
    assert POLICY == "default-src 'self'"
    assert broken.startswith("script-src-attr inline on ")
    assert ran.startswith("a script of theirs ran on ")
    browser.clear_storage()


def test_every_page_fits_a_phone(alice: Phone, bob: Phone, root: User, browser: Browser) -> None:
    alice.send_code("never-issued")
    browser.resize(375)
    browser.log_in("root")

    for page in all_urls(person(ALICE), person(BOB)):
        browser.open(page)
        assert not browser.run(TOO_WIDE), page
        browser.save_screenshot(f"narrow-{short_name(page)}")


def test_an_act_needs_no_mouse(alice: Phone, root: User, browser: Browser) -> None:
    row = person(ALICE)
    browser.log_in("root", then=page_url(row))

    tab_to(browser, f"a[href='{act_url(row, 'end_sessions')}']").send_keys(Keys.ENTER)
    browser.wait(lambda: browser.has("#wxlogin-act"))
    tab_to(browser, "#wxlogin-act [name=reason]").send_keys("asked by phone")
    tab_to(browser, "#wxlogin-act [type=submit]").send_keys(Keys.ENTER)

    browser.wait(lambda: browser.path == page_url(row))
    assert alice.get_me().json()["reason"] == "ended_by_staff"


def test_every_field_has_a_name(alice: Phone, bob: Phone, root: User, browser: Browser) -> None:
    browser.log_in("root", then=OVERVIEW)

    for page in (OVERVIEW, *form_urls(person(ALICE), person(BOB))):
        browser.open(page)
        assert browser.run(NAMELESS) == [], page


def tab_to(browser: Browser, selector: str) -> Any:
    """Reach an element by the tab key alone. It has to look different with the focus."""
    wanted = browser.find(selector)
    without_focus = browser.run(FOCUS_STYLE, wanted)
    for _ in range(100):
        browser.press_key(Keys.TAB)
        if browser.driver.switch_to.active_element == wanted:
            assert browser.run(FOCUS_STYLE, wanted) != without_focus
            return wanted
    pytest.fail(f"no tab leads to {selector}")
