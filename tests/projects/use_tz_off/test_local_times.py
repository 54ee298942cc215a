"""Times of a project without time zones, as people and staff see them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import checks
from django.test import Client
from django.urls import reverse

from tests.conftest import Api
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.services import blocking

# In UTC, it is 20:30 of the day before.
NOW = datetime(2026, 5, 5, 4, 30, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
TWO_HOURS_LATER = datetime(2026, 5, 5, 6, 30)  # noqa: DTZ001
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def staff(db: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return browser


def is_refused(person: Api) -> bool:
    return bool(person.send_code().status_code == 403)


def test_the_checks_find_nothing() -> None:
    assert checks.run_checks() == []


def test_the_api_tells_times_in_utc(alice: Api) -> None:
    [session] = alice.get("sessions/").json()
    exported = alice.get("me/export/").json()["identities"][0]

    assert session["created_at"] == exported["created_at"] == "2026-05-04T20:30:20Z"
    assert (
        alice.get("me/").json()["created_at"]
        == exported["sessions"][0]["created_at"]
        == "2026-05-04T20:30:20Z"
    )


@pytest.mark.parametrize("page", ["wechatuser", "loginsession", "sessionkey", "loginfailure", "staffact"])
def test_staff_read_local_times(alice: Api, staff: Client, page: str) -> None:
    alice.send_code("never-issued")
    person = WeChatUser.objects.get()
    blocking.block(person, reason="spam", until=TWO_HOURS_LATER)

    shown = staff.get(reverse(f"admin:wxlogin_{page}_changelist"))
    of_person = staff.get(reverse("admin:wxlogin_wechatuser_change", args=[person.pk]))

    for answer in (shown, of_person):
        assert "May 5, 2026, 4:30 a.m." in answer.content.decode()
    assert "May 5, 2026, 6:30 a.m." in of_person.content.decode()


@pytest.mark.parametrize(("choice", "found"), [("1", 1), ("older", 0)])
def test_staff_filter_by_time(alice: Api, staff: Client, choice: str, found: int) -> None:
    for page, name in (("wechatuser", "last_login"), ("wechatuser", "created"), ("loginsession", "created")):
        answer = staff.get(reverse(f"admin:wxlogin_{page}_changelist"), {name: choice})

        assert answer.context["cl"].result_count == found


def test_days_of_the_overview_begin_at_local_midnight(alice: Api, staff: Client) -> None:
    LoginSession.objects.update(created_at=NOW - 5 * HOUR)
    alice.log_in()

    figures = staff.get(reverse("admin:wxlogin_overview_changelist")).context["figures"]

    assert [day.logins for day in figures.days[-2:]] == [1, 1]
    assert figures.today.date.isoformat() == "2026-05-05"


def test_the_diagnosis_tells_local_times(alice: Api, staff: Client) -> None:
    answer = staff.get(reverse("admin:wxlogin_overview_why"), {"q": "o-alice"})

    assert "Last login: May 5, 2026, 4:30 a.m." in answer.content.decode()


def test_staff_type_the_end_of_a_block_in_local_time(alice: Api, staff: Client, clock: Any) -> None:
    url = reverse("admin:wxlogin_wechatuser_act", args=[WeChatUser.objects.get().pk, "block"])
    answers = {"confirmed": 1, "reason": "spam", "until_0": "2026-05-05", "until_1": "06:30"}

    assert staff.post(url, answers).status_code == 302

    clock.shift(2 * HOUR - timedelta(minutes=1))
    assert is_refused(alice)
    clock.shift(timedelta(minutes=2))
    assert not is_refused(alice)


def test_the_projects_own_code_blocks_until_a_local_time(alice: Api, clock: Any) -> None:
    blocking.block(WeChatUser.objects.get(), reason="spam", until=TWO_HOURS_LATER)

    assert is_refused(alice)
    clock.shift(2 * HOUR + timedelta(minutes=1))
    assert not is_refused(alice)


def test_the_projects_own_queries_compare_with_local_times(alice: Api) -> None:
    local = datetime(2026, 5, 5, 4, 30, 20)  # noqa: DTZ001

    assert WeChatUser.objects.filter(created_at=local, last_login_at__date=local.date()).exists()
    # Columns of Django's own models hold local time, too.
    assert User.objects.get(wechat_users__isnull=False).date_joined == local


def test_an_export_tells_the_offset(alice: Api, staff: Client) -> None:
    url = reverse("admin:wxlogin_wechatuser_changelist")
    answers = {
        "action": "export",
        "_selected_action": [WeChatUser.objects.get().pk],
        "confirmed": 1,
        "reason": "x",
    }

    answer = staff.post(url, answers)

    assert "2026-05-05T04:30:20+08:00" in answer.getvalue().decode()
