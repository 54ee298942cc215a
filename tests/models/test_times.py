"""Times in the columns of wxlogin, in each way in which a project can have Django store them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F, Max
from django.db.models.functions import TruncHour
from django.utils.timezone import localtime

from tests.helpers.clocks import reopen_connection
from wxlogin.clock import as_aware
from wxlogin.models import HourlyFigure, WeChatUser

from .conftest import NOON

# A connection can only be closed outside of a transaction.
pytestmark = pytest.mark.django_db(transaction=True)
NEW_YORK = ZoneInfo("America/New_York")
# In New York, both are 01:30.
FIRST = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
SECOND = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


@pytest.fixture
def project_in(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"


@pytest.fixture
def use_tz_off(transactional_db: None, settings: Any) -> Any:
    """Return a function that turns ``USE_TZ`` off in a project in this zone."""

    def turn_off(zone: str) -> None:
        settings.USE_TZ, settings.TIME_ZONE = False, zone
        reopen_connection()

    yield turn_off
    reopen_connection()


@pytest.fixture
def stored() -> Callable[[datetime], HourlyFigure]:
    """Return a function that stores a time, and returns the row as the database has it."""

    def store(at: datetime) -> HourlyFigure:
        row = HourlyFigure.objects.create(
            hour=at, kind="logins", label=str(HourlyFigure.objects.count()), count=1
        )
        return HourlyFigure.objects.get(pk=row.pk)

    return store


def test_a_stored_time_comes_back_with_its_zone(kind_of_time: str, stored: Any) -> None:
    at = NOON + timedelta(microseconds=123_456)

    row = stored(at)

    assert row.hour == at
    assert HourlyFigure.objects.values_list("hour", flat=True).get() == at
    assert HourlyFigure.objects.aggregate(at=Max("hour"))["at"] == at
    assert HourlyFigure.objects.annotate(same=F("hour")).get().same == at


def test_each_way_to_write_writes_the_same(kind_of_time: str, stored: Any) -> None:
    stored(NOON - timedelta(days=1))
    HourlyFigure.objects.update(hour=NOON)
    row = HourlyFigure(hour=NOON, kind="logins", appid="bulk", count=1)
    HourlyFigure.objects.bulk_create([row])
    HourlyFigure.objects.upsert([HourlyFigure(hour=NOON, kind="logins", appid="bulk", count=2)])

    assert set(HourlyFigure.objects.values_list("hour", "count")) == {(NOON, 1), (NOON, 2)}
    row.refresh_from_db()
    row.save()
    assert HourlyFigure.objects.filter(hour=NOON).count() == 2


def test_times_are_compared_as_they_are_stored(kind_of_time: str, stored: Any) -> None:
    stored(NOON)
    rows, second = HourlyFigure.objects, timedelta(seconds=1)

    assert rows.filter(hour__gt=NOON - second, hour__lt=NOON + second).exists()
    assert rows.filter(hour__range=(NOON, NOON), hour__in=[NOON]).exists()
    assert rows.filter(hour=F("hour"), hour__lte=F("hour") + second).exists()
    assert not rows.filter(hour__gt=NOON).exists()
    assert not rows.exclude(hour__gte=NOON.astimezone(NEW_YORK)).exists()


def test_a_time_without_zone_is_local_time(use_tz_off: Any, stored: Any) -> None:
    use_tz_off("Asia/Shanghai")
    local = localtime(NOON).replace(tzinfo=None)

    row = stored(local)

    assert row.hour == NOON
    # As forms, filters and fixtures pass it.
    for at in (local, str(local), NOON.isoformat()):
        assert HourlyFigure.objects.filter(hour=at).exists()
    row.hour = local
    row.clean_fields()
    assert row.hour == NOON


def test_columns_of_a_project_without_time_zones_hold_local_time(use_tz_off: Any, stored: Any) -> None:
    use_tz_off("Asia/Shanghai")
    late = datetime(2026, 5, 4, 20, tzinfo=UTC)

    row = stored(late)

    assert str(row.hour) == "2026-05-05 04:00:00+08:00"
    assert HourlyFigure.objects.filter(hour__date=date(2026, 5, 5), hour__hour=4).exists()
    assert [at.day for at in HourlyFigure.objects.datetimes("hour", "day")] == [5]
    with connection.cursor() as cursor:
        cursor.execute("SELECT hour FROM wxlogin_hourlyfigure")
        assert str(cursor.fetchone()[0]).startswith("2026-05-05 04:00:00")


def test_times_can_be_added_and_compared_across_a_change_of_the_clocks(use_tz_off: Any, stored: Any) -> None:
    use_tz_off("America/New_York")

    before = stored(FIRST - timedelta(hours=1)).hour

    assert before + timedelta(hours=3) == SECOND + timedelta(hours=1)


def test_the_hour_that_comes_twice_is_told_apart_where_columns_hold_zones(
    use_tz_off: Any, stored: Any
) -> None:
    use_tz_off("America/New_York")

    found = [stored(FIRST).hour, stored(SECOND).hour]

    # Only local time is stored elsewhere.
    assert found == [FIRST, SECOND if connection.features.supports_timezones else FIRST]
    hours = (
        HourlyFigure.objects.annotate(start=TruncHour("hour")).values_list("start", flat=True).order_by("pk")
    )
    assert list(hours) == [at.replace(minute=0) for at in found]


@pytest.mark.parametrize("extension", ["json", "xml"])
def test_dumped_times_can_be_loaded_again(
    use_tz_off: Any, make_person: Callable[..., WeChatUser], tmp_path: Path, extension: str
) -> None:
    use_tz_off("Asia/Shanghai")
    make_person()
    fixture = tmp_path / f"people.{extension}"

    call_command("dumpdata", "wxlogin.WeChatUser", format=extension, output=str(fixture))
    WeChatUser.objects.update(created_at=NOON - timedelta(days=1))
    call_command("loaddata", str(fixture), verbosity=0)

    assert WeChatUser.objects.get().created_at == NOON


def test_an_aware_time_stays_as_it_is() -> None:
    assert as_aware(SECOND.astimezone(NEW_YORK)).tzinfo is NEW_YORK
