"""Pages and commands that compare, group and show times, on a database that can't convert them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.conftest import Api
from tests.helpers.clocks import reopen_connection
from wxlogin.clock import utc_now
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import HourlyFigure, LoginSession, WeChatUser

# A connection can only be closed outside of a transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[None, "Asia/Shanghai", "Asia/Kolkata"], ids=["UTC", "Shanghai", "Kolkata"])
def _zone_of_the_columns(
    request: Any, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Store times in this zone: it is ``DATABASES["default"]["TIME_ZONE"]``."""
    monkeypatch.setitem(connection.settings_dict, "TIME_ZONE", request.param)
    reopen_connection()
    yield
    monkeypatch.undo()
    reopen_connection()


@pytest.fixture
def alice(_zone_of_the_columns: None, wechat: FakeWeChat, client: Client) -> Api:
    return Api(wechat, {}, client).log_in()


@pytest.fixture
def staff(_zone_of_the_columns: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return browser


def test_the_database_knows_no_time_zones() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONVERT_TZ(UTC_TIMESTAMP(), 'UTC', 'Asia/Shanghai')")
        assert cursor.fetchone() == (None,)


def test_staff_pages_show_and_filter_times(alice: Api, staff: Client) -> None:
    alice.send_code("never-issued")
    person = WeChatUser.objects.get()
    filters = [
        *(("wechatuser", {"created": choice, "last_login": choice}) for choice in ("1", "7", "30")),
        *(("wechatuser", {"state": choice}) for choice in ("active",)),
        *(("loginsession", {"created": choice, "state": "live"}) for choice in ("1", "30")),
        ("loginfailure", {}),
        ("sessionkey", {}),
    ]

    for page, query in filters:
        answer = staff.get(reverse(f"admin:wxlogin_{page}_changelist"), query)
        assert answer.context["cl"].result_count == 1, (page, query)
    assert staff.get(reverse("admin:wxlogin_wechatuser_change", args=[person.pk])).status_code == 200
    assert staff.get(reverse("admin:wxlogin_overview_why"), {"q": "o-alice"}).status_code == 200


def test_the_overview_counts_each_login_once(alice: Api, staff: Client) -> None:
    for minutes in range(150, 400, 20):
        alice.log_in()
        LoginSession.objects.filter(pk=LoginSession.objects.latest("pk").pk).update(
            created_at=utc_now() - timedelta(minutes=minutes)
        )
    before = staff.get(reverse("admin:wxlogin_overview_changelist")).context["figures"]

    call_command("wxlogin_rollup")
    after = staff.get(reverse("admin:wxlogin_overview_changelist")).context["figures"]

    assert sum(day.logins for day in before.days) == sum(day.logins for day in after.days) == 14
    rolled_up = HourlyFigure.objects.filter(kind="logins").values_list("count", flat=True)
    assert sum(rolled_up) == 13


def test_sessions_are_refreshed_and_purged(alice: Api) -> None:
    assert [alice.refresh().status_code, alice.get("me/").status_code] == [200, 200]
    long_ago = utc_now() - timedelta(days=400)
    LoginSession.objects.update(created_at=long_ago, last_seen_at=long_ago, expires_at=long_ago)

    call_command("wxlogin_purge")

    assert not LoginSession.objects.exists()
