"""Our own elements fit the page and can be read in each theme."""

from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User

from wxlogin.services import blocking

from .chromium import Browser
from .conftest import ALICE, BOB
from .looks import CONTRAST, HIDDEN_LINKS, SHAPELESS, TOO_WIDE
from .pages import (
    OVERVIEW,
    PEOPLE,
    SESSIONS,
    STAFF_LOG,
    act_url,
    diagnosis_url,
    merge_url,
    page_url,
    person,
    short_name,
)
from .phone import Phone

# The script by which a theme stores the colour scheme that a person chose. None: the theme has no dark mode.
CHOICE = {
    "stock": "localStorage.theme = '{}'",
    "unfold": "localStorage.adminTheme = JSON.stringify('{}')",
    "simpleui": None,
}


def test_pages_of_our_own_fit_a_phone(alice: Phone, bob: Phone, root: User, browser: Browser) -> None:
    """Lists and rows are left out: their layout on a phone is up to the theme."""
    one, other = person(ALICE), person(BOB)
    alice.send_code("never-issued")
    browser.log_in("root")
    browser.resize(375)

    for page in (
        OVERVIEW,
        diagnosis_url(one.user_id),
        act_url(one, "block"),
        act_url(one, "erase"),
        merge_url(one, other),
    ):
        browser.open(page)
        assert not browser.run(TOO_WIDE), page
        browser.save_screenshot(f"narrow-{short_name(page)}")


def test_every_page_fits_a_desk(alice: Phone, bob: Phone, root: User, browser: Browser) -> None:
    alice.send_code("never-issued")
    browser.log_in("root")

    for page in (OVERVIEW, PEOPLE, SESSIONS, STAFF_LOG, page_url(person(ALICE))):
        browser.open(page)
        assert not browser.run(TOO_WIDE), page


def test_links_fields_and_buttons_look_like_what_they_are(
    alice: Phone, bob: Phone, root: User, browser: Browser
) -> None:
    one, other = person(ALICE), person(BOB)
    blocking.block(one, reason="spam")
    alice.send_code()
    browser.log_in("root")

    asking = [act_url(one, "block"), act_url(one, "reveal"), merge_url(one, other)]
    for page in (OVERVIEW, diagnosis_url(one.user_id), page_url(one), *asking):
        browser.open(page)
        assert browser.run(HIDDEN_LINKS) == [], page
        assert browser.run(SHAPELESS) == [], page


@pytest.mark.parametrize(
    ("preferred", "chosen"),
    [("light", ""), ("dark", ""), ("light", "dark"), ("dark", "light")],
    ids=["light", "dark", "dark by choice", "light by choice"],
)
def test_what_we_write_can_be_read(
    alice: Phone, bob: Phone, root: User, browser: Browser, preferred: str, chosen: str
) -> None:
    row = person(BOB)
    blocking.block(row, reason="spam")
    alice.send_code("never-issued")
    browser.prefer(dark=preferred == "dark")
    browser.log_in("root", then=OVERVIEW)
    if chosen:
        if not CHOICE[project.THEME]:
            pytest.skip("this theme leaves no choice")
        browser.run(CHOICE[project.THEME].format(chosen))
    browser.press("#wxlogin-health [type=submit]")

    links_too = project.THEME == "stock"
    found: list[Any] = browser.run(CONTRAST, links_too)
    for page in (page_url(row), act_url(row, "erase"), diagnosis_url(row.user_id)):
        browser.open(page)
        found += browser.run(CONTRAST, links_too)
        browser.save_screenshot(f"{chosen or preferred}-{short_name(page)}")

    assert len(found) > 100
    assert [each for each in found if each[2] < 4.5] == []
