import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from tests.conftest import Api
from tests.helpers.queries import statements
from tests.settings import APPID
from wxlogin.models import HourlyFigure, LoginFailure, LoginSession, WeChatUser
from wxlogin.services.blocking import block
from wxlogin.services.upkeep import figures
from wxlogin.wechat.results import PhoneNumber

from .staff import OPENID, UNIONID, alice, url

OVERVIEW = ["view_overview"]
PEOPLE = [*OVERVIEW, "view_wechatuser"]
SECRETS = ["0123456789abcdef0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"]


@pytest.fixture
def watcher(staff_with: Callable[..., Client]) -> Client:
    """Sees the figures, and no people."""
    return staff_with(*OVERVIEW)


@pytest.fixture
def desk(staff_with: Callable[..., Client]) -> Client:
    return staff_with(*PEOPLE)


def ask(browser: Client, key: str) -> str:
    answer = browser.get(url("overview", "why"), {"q": key})
    assert answer.status_code == 200
    return answer.content.decode()


def content_of(page: Any) -> str:
    """Without the frame that the theme puts around it."""
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
        at = timezone.now() - age * figures.DAY
        LoginSession.objects.create(appid=APPID, created_at=at, last_seen_at=at, expires_at=at)
    for _ in figures.roll_up():
        pass

    chart = watcher.get(url("overview")).context["charts"][0]

    assert [bar.count for bar in chart.bars] == [1, *[0] * 27, 3, 3]
    assert [int(bar.height) for bar in chart.bars] == [34, *[0] * 27, 100, 100]
    assert (chart.total, chart.highest) == (7, 3)


def test_numbers_of_any_locale_leave_the_drawing_alone(person: Api, watcher: Client, settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    at = timezone.now()
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
    now = timezone.now()
    for number in range(60):
        at = now - number * timedelta(hours=11)
        LoginFailure.objects.create(created_at=at, appid=f"wx-{number}", code="x", errcode=number)
        LoginSession.objects.create(appid=APPID, created_at=at, last_seen_at=at, expires_at=at)
    for _ in figures.roll_up():
        pass

    with statements() as many:
        answer = watcher.get(url("overview"))

    about_staff = 4  # the browser's session, the user, their permissions and those of their groups
    assert answer.status_code == 200
    assert len(many) <= len(few)
    assert max(len(first), len(few), len(many)) <= 12 + about_staff


def test_what_is_missing_is_said(person: Api, watcher: Client) -> None:
    at = timezone.now() - timedelta(days=9)
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
    assert before.context["findings"] is None
    assert "WeChat accepts AppID and AppSecret" in content_of(after)
    assert "All migrations are applied." in content_of(after)
    for secret in SECRETS:
        assert secret not in after.content.decode()


def test_what_doesnt_work_is_told_with_what_to_do(person: Api, watcher: Client) -> None:
    person.wechat.fault("/sns/jscode2session", errcode=40125)

    content = content_of(watcher.post(url("overview")))

    assert 'wxlogin-bad">problem<' in content
    assert "Compare the AppSecret with the WeChat console" in content


def test_examining_takes_no_click_from_elsewhere(person: Api, watcher: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = watcher.cookies

    assert strict.post(url("overview")).status_code == 403


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", ["changelist", "why"])
def test_who_is_not_allowed_sees_nothing(
    person: Api, staff_with: Callable[..., Client], page: str, method: str
) -> None:
    assert getattr(Client(), method)(url("overview", page)).status_code == 302
    assert getattr(staff_with(), method)(url("overview", page)).status_code == 403
    only_people = staff_with("view_wechatuser", "view_loginsession")
    assert getattr(only_people, method)(url("overview", page)).status_code == 403


def test_who_may_see_no_people_can_not_ask_about_them(person: Api, watcher: Client, desk: Client) -> None:
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


@pytest.fixture
def keys(person: Api) -> dict[str, str]:
    """All by which the person can be found."""
    alice().keep_phone(PhoneNumber("13800138000", "86"))
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

    content = ask(desk, f" {keys[key]} ")

    assert f"Found by: {key}" in re.sub(r"\s+", " ", content)
    assert url("wechatuser", "change", alice().pk) in content
    assert "oAli…enid" in content
    assert "Blocked since" in content
    assert "spam" in content


def test_what_was_asked_for_is_nowhere_on_the_page(keys: dict[str, str], desk: Client) -> None:
    for key in ("openid", "unionid", "phone", "session id"):
        assert keys[key] not in ask(desk, keys[key]), key


def test_a_request_id_leads_to_its_failure_in_words(
    person: Api, desk: Client, staff_with: Callable[..., Client]
) -> None:
    failure = LoginFailure.objects.get()
    link = url("loginfailure", "change", failure.pk)

    content = ask(desk, "trace-42")

    assert "WeChat doesn&#x27;t know the login code" in content
    assert "40029" in content
    assert link not in content
    assert link in ask(staff_with(*PEOPLE, "view_loginfailure"), "trace-42")


def test_a_request_id_leads_to_the_person_where_they_are_known(person: Api, desk: Client) -> None:
    block(alice(), reason="spam")
    person.post(
        "login/",
        {"code": person.wechat.code_for(OPENID)},
        access="",
        headers={"X-Request-ID": "trace-43"},
    )

    content = ask(desk, "trace-43")

    assert "account_disabled" in content
    assert "oAli…enid" in content
    assert "Blocked since" in content


@pytest.mark.parametrize("key", ["nobody-at-all", "x" * 5000, "\0", "'; DROP TABLE", "{{7*7}}", "９９９"])
def test_a_key_that_leads_nowhere_says_so(person: Api, desk: Client, key: str) -> None:
    content = ask(desk, f"no{key}")

    assert "Nobody and no failure is found by that." in content
    assert key.strip("\0") not in content or key == "\0"


def test_nothing_asked_is_nothing_found(person: Api, desk: Client) -> None:
    content = ask(desk, "  ")

    assert "wxlogin-findings" not in content
    assert "Nobody and no failure" not in content


def test_of_a_crowd_the_first_few_are_shown(person: Api, desk: Client) -> None:
    for number in range(8):
        other = person.log_in(f"o-other-{number}")
        WeChatUser.objects.filter(user_id=other.tokens["user"]["id"]).update(unionid="u-shared")

    with statements() as asked:
        content = ask(desk, "u-shared")

    assert content.count("wxlogin-findings") == 5
    assert "It means 3 more people" in content
    assert len(asked) <= 45


def test_what_people_and_staff_wrote_is_only_text(person: Api, desk: Client) -> None:
    hostile = "<script>alert(1)</script>{{7*7}}{0}"
    person.put("me/", {"nickname": hostile})
    block(alice(), reason=hostile)

    content = ask(desk, OPENID)

    assert "<script>alert" not in content
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}{0}" in content
    assert "{{7*7}}" not in re.findall(r"<title>(.*?)</title>", content, re.S)[0]
