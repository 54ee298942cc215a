"""The overview: figures, charts and the examination."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.conftest import Api
from tests.helpers import breaker
from tests.helpers.queries import statements
from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.models import HourlyFigure, LoginFailure, LoginSession
from wxlogin.services.upkeep import figures

from .staff import OPENID, url

SECRETS = ["0123456789abcdef0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"]


def content_of(page: Any) -> str:
    """Return our part of the page, without the frame of the theme."""
    return re.search(r'<div class="wxlogin-overview">.*</main>', page.content.decode(), re.S)[0]  # type: ignore[index]


def test_the_page_tells_what_happened(person: Api, watcher: Client) -> None:
    content = content_of(watcher.get(url("overview")))

    tiles = re.findall(r"<dt>(.*?)</dt>\s*<dd><strong>(.*?)</strong>", content)
    assert dict(tiles[:3]) == {"Logins today": "2", "New people today": "1", "Failures today": "1"}
    assert re.fullmatch(r"≤ \d+ ms", dict(tiles)["WeChat&#x27;s answer time today"])
    assert "code_invalid" in content
    assert "WeChat doesn&#x27;t know the login code" in content
    assert "open the mini-program again" in content
    assert "Tea House" in content


def test_the_chart_is_drawn_with_nothing_that_a_strict_policy_forbids(person: Api, superuser: Client) -> None:
    pages = [
        superuser.get(url("overview")),
        superuser.post(url("overview")),
        superuser.get(url("overview", "why"), {"q": OPENID}),
    ]

    assert content_of(pages[0]).count("<svg") == content_of(pages[0]).count("<details>") == 3
    assert content_of(pages[0]).count("<rect") == 90
    for page in pages:
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", content_of(page))
        for link in re.findall(r'<link [^>]*href="([^"]+)"', page.content.decode()):
            assert not urlsplit(link).netloc


def test_the_tallest_bar_is_the_day_with_most_and_the_table_says_the_same(
    person: Api, watcher: Client
) -> None:
    ages = [0, 1, 1, 1, 29]
    for age in ages:
        at = utc_now() - age * figures.DAY
        LoginSession.objects.create(appid=APPID, created_at=at, last_seen_at=at, expires_at=at)
    for _ in figures.roll_up():
        pass

    chart = watcher.get(url("overview")).context["charts"][0]

    assert [bar.count for bar in chart.bars] == [1, *[0] * 27, 3, 3]
    assert [int(bar.height) for bar in chart.bars] == [34, *[0] * 27, 100, 100]
    assert (chart.total, chart.highest) == (7, 3)


def test_numbers_of_any_locale_leave_the_drawing_alone(person: Api, watcher: Client, settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    at = utc_now()
    HourlyFigure.objects.create(
        kind="failures", hour=at - timedelta(days=2), label="code_invalid 40029", count=1
    )
    HourlyFigure.objects.create(kind="settled", hour=at - timedelta(hours=1), count=1)

    for language in ("de", "fr", "zh-CN", "ar"):
        content = content_of(watcher.get(url("overview"), headers={"Accept-Language": language}))

        assert re.findall(r'viewBox="([^"]*)"', content) == ["0 0 600 100"] * 3
        assert all(re.fullmatch(r"\d+", value) for value in re.findall(r' (?:x|y|height)="(.*?)"', content))
        assert "40029" in content


def test_one_app_can_be_looked_at_alone(
    person: Api, watcher: Client, two_apps: tuple[str, str], superuser: Client
) -> None:
    everything = watcher.get(url("overview"))
    of_other = watcher.get(url("overview"), {"app": two_apps[1]})

    assert f'href="?app={two_apps[1]}"' in everything.content.decode()
    assert everything.context["figures"].today.logins == 2
    assert of_other.context["figures"].today.logins == 0
    assert f'href="?app={two_apps[1]}" aria-current="page"' in of_other.content.decode()
    assert "Book Shop" in of_other.content.decode()


def test_an_app_that_nobody_knows_shows_nothing(person: Api, watcher: Client) -> None:
    answer = watcher.get(url("overview"), {"app": '"><script>alert(1)</script>'})

    assert answer.context["figures"].today.logins == 0
    assert "<script>alert" not in answer.content.decode()


def test_the_number_of_statements_does_not_depend_on_the_rows(person: Api, watcher: Client) -> None:
    with statements() as first:
        watcher.get(url("overview"))
    with statements() as few:
        watcher.get(url("overview"))
    now = utc_now()
    for number in range(60):
        at = now - number * timedelta(hours=11)
        LoginFailure.objects.create(created_at=at, appid=f"wx-{number}", code="x", errcode=number)
        LoginSession.objects.create(appid=APPID, created_at=at, last_seen_at=at, expires_at=at)
    for _ in figures.roll_up():
        pass

    with statements() as many:
        answer = watcher.get(url("overview"))

    # The browser's session, the user, the user's permissions and those of the user's groups.
    about_staff = 4
    assert answer.status_code == 200
    assert len(many) <= len(few)
    assert max(len(first), len(few), len(many)) <= 12 + about_staff


def test_the_overview_says_that_hours_are_missing(person: Api, watcher: Client) -> None:
    at = utc_now() - timedelta(days=9)
    LoginFailure.objects.create(created_at=at, appid=APPID, code="code_invalid")

    page = watcher.get(url("overview")).content.decode()

    assert "manage.py wxlogin_rollup" in page
    for _ in figures.roll_up():
        pass
    assert "manage.py wxlogin_rollup" not in watcher.get(url("overview")).content.decode()


def test_examining_needs_a_click_and_shows_no_secret(person: Api, watcher: Client) -> None:
    before = watcher.get(url("overview"))
    asked = len(person.wechat.calls)

    after = watcher.post(url("overview"))

    assert len(person.wechat.calls) == asked + 2
    assert [finding.subject for _kind, _verdict, finding in before.context["findings"]] == ["Calls to WeChat"]
    assert "WeChat accepts AppID and AppSecret" in content_of(after)
    assert "All migrations are applied." in content_of(after)
    for secret in SECRETS:
        assert secret not in after.content.decode()


def test_a_failed_examination_is_shown_with_what_to_do(person: Api, watcher: Client) -> None:
    person.wechat.fault("/sns/jscode2session", errcode=40125)

    content = content_of(watcher.post(url("overview")))

    assert 'wxlogin-bad">problem<' in content
    assert "Compare the AppSecret with the WeChat console" in content


def test_an_open_breaker_is_shown_without_a_click(person: Api, watcher: Client) -> None:
    breaker.report("probing")

    content = content_of(watcher.get(url("overview")))

    assert 'wxlogin-bad">problem<' in content
    assert (
        "The breaker opened at 2026-09-21 14:13:20 UTC and is now probing: WeChat left 5 calls of /sns/jscode2session"
        in content
    )
    assert "Calls go on by themselves as soon as WeChat answers." in content


def test_examining_takes_no_click_from_elsewhere(person: Api, watcher: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = watcher.cookies

    assert strict.post(url("overview")).status_code == 403


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", ["changelist", "why"])
def test_visitors_without_the_permission_get_no_page(
    person: Api, staff_with: Callable[..., Client], page: str, method: str
) -> None:
    assert getattr(Client(), method)(url("overview", page)).status_code == 302
    assert getattr(staff_with(), method)(url("overview", page)).status_code == 403
    only_people = staff_with("view_wechatuser", "view_loginsession")
    assert getattr(only_people, method)(url("overview", page)).status_code == 403


def test_the_diagnosis_needs_the_permission_to_view_people(
    person: Api, watcher: Client, desk: Client
) -> None:
    assert watcher.get(url("overview", "why"), {"q": OPENID}).status_code == 403
    assert "wxlogin-why" not in content_of(watcher.get(url("overview")))
    assert "wxlogin-why" in content_of(desk.get(url("overview")))


def test_the_overview_is_in_the_menu_of_who_may_see_it(
    person: Api, watcher: Client, staff_with: Callable[..., Client]
) -> None:
    assert url("overview") in watcher.get("/admin/").content.decode()
    assert (
        url("overview") not in staff_with("view_wechatuser", "view_overviewx").get("/admin/").content.decode()
    )
