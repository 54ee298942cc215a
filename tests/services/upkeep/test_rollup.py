from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connections

from tests.conftest import Api
from tests.settings import APPID
from wxlogin.models import HourlyFigure, LoginFailure, LoginSession, WeChatUser
from wxlogin.models.figures import ABOVE_LAST_BUCKET
from wxlogin.services.upkeep import figures
from wxlogin.services.upkeep.figures import DAY, HOUR

from .rows import NOW, OTHER, Kind, all_figures, roll_up_all, total


def test_an_hour_is_rolled_up_by_app_kind_and_label(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure]
) -> None:
    at_nine = datetime(2026, 5, 4, 9, tzinfo=UTC)
    log_in(3 * HOUR, ms=50)
    log_in(3 * HOUR + timedelta(minutes=29), ms=51)
    log_in(3 * HOUR, appid=OTHER, ms=None)
    fail(3 * HOUR, upstream_ms=6401)
    fail(3 * HOUR)
    fail(3 * HOUR, "account_disabled", None, upstream_ms=50)

    roll_up_all()

    assert {row for row in all_figures() if row[1] == at_nine and row[0] != Kind.SETTLED} == {
        (Kind.LOGINS, at_nine, APPID, "", 2),
        (Kind.LOGINS, at_nine, OTHER, "", 1),
        (Kind.FAILURES, at_nine, APPID, "code_invalid 40029", 2),
        (Kind.FAILURES, at_nine, APPID, "account_disabled", 1),
        (Kind.LATENCY, at_nine, APPID, "50", 2),
        (Kind.LATENCY, at_nine, APPID, "100", 1),
        (Kind.LATENCY, at_nine, APPID, str(ABOVE_LAST_BUCKET), 1),
    }


def test_the_sums_are_those_of_the_rows(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure]
) -> None:
    for number in range(60):
        log_in(number * timedelta(hours=7, minutes=13) + 2 * HOUR, ms=number * 130)
        fail(number * timedelta(hours=5, minutes=11) + 2 * HOUR, errcode=number % 3)

    roll_up_all()

    assert total(Kind.LOGINS) == LoginSession.objects.count()
    assert total(Kind.FAILURES) == LoginFailure.objects.count()
    assert total(Kind.LATENCY) == LoginSession.objects.count()
    assert total(Kind.NEW_PEOPLE) == WeChatUser.objects.count()
    for errcode in range(3):
        of_errcode = LoginFailure.objects.filter(errcode=errcode)
        assert total(Kind.FAILURES, label=f"code_invalid {errcode}") == of_errcode.count()


def test_rolled_up_twice_is_the_same(log_in: Callable[..., LoginSession]) -> None:
    log_in(3 * HOUR)
    log_in(60 * HOUR)
    roll_up_all()
    once = all_figures()

    again = roll_up_all()

    assert again == []
    assert all_figures() == once


def test_each_hour_is_counted_once_however_often_it_is_rolled_up(
    log_in: Callable[..., LoginSession],
) -> None:
    for minutes in range(0, 26 * 60, 17):
        log_in(timedelta(minutes=minutes))

    for ago in range(24, -1, -1):
        with time_machine.travel(NOW - ago * HOUR, tick=False):
            roll_up_all()

    settled = HourlyFigure.objects.settled_until()
    assert total(Kind.LOGINS) == LoginSession.objects.filter(created_at__lt=settled).count()


@pytest.mark.parametrize(("minutes", "count"), [(4, 0), (5, 1)])
def test_an_hour_is_not_rolled_up_before_its_last_login_is_committed(
    log_in: Callable[..., LoginSession], minutes: int, count: int
) -> None:
    log_in(timedelta(minutes=35))  # at 11:55

    with time_machine.travel(NOW.replace(minute=minutes), tick=False):
        roll_up_all()

    assert total(Kind.LOGINS) == count


def test_it_goes_day_by_day_and_past_long_silences(log_in: Callable[..., LoginSession]) -> None:
    log_in(39 * DAY)
    log_in(3 * HOUR)

    chunks = roll_up_all()

    assert [chunk.until - chunk.since for chunk in chunks] == [DAY, DAY, DAY, timedelta(hours=3)]
    assert chunks[0].since == (NOW - 40 * DAY).replace(minute=0)
    assert HourlyFigure.objects.settled_until() == NOW.replace(minute=0)
    assert total(Kind.LOGINS) == 2


def test_the_last_hour_is_rolled_up_though_nothing_happened_for_long(person: WeChatUser) -> None:
    roll_up_all()

    assert HourlyFigure.objects.settled_until() == NOW.replace(minute=0)
    assert HourlyFigure.objects.latest_live_sessions()[0].hour == NOW.replace(hour=11, minute=0)


def test_live_sessions_are_counted_at_the_last_hour_only(
    log_in: Callable[..., LoginSession], two_apps: tuple[str, str]
) -> None:
    log_in(50 * HOUR)
    log_in(3 * HOUR)
    log_in(3 * HOUR, ended_at=NOW)
    log_in(3 * HOUR, expires_at=NOW)
    log_in(8 * DAY)

    roll_up_all()

    samples = HourlyFigure.objects.filter(kind=Kind.LIVE_SESSIONS)
    at_eleven = NOW.replace(hour=11, minute=0)
    assert set(samples.values_list("hour", "appid", "count")) == {
        (at_eleven, APPID, 2),
        (at_eleven, OTHER, 0),
    }


@pytest.mark.django_db(transaction=True)
def test_two_at_once_count_everything_once(log_in: Callable[..., LoginSession]) -> None:
    for number in range(40):
        log_in(number * timedelta(hours=5) + 2 * HOUR)
    start = Barrier(2)

    def run(_: int) -> int:
        try:
            start.wait()
            return len(roll_up_all())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        chunks = list(pool.map(run, range(2)))

    assert sum(chunks) >= 9
    assert total(Kind.LOGINS) == 40
    assert HourlyFigure.objects.settled_until() == NOW.replace(minute=0)


def test_a_second_process_does_not_overwrite_figures_with_smaller_ones(
    log_in: Callable[..., LoginSession],
) -> None:
    """The first process rolled up and purged while the second one was about to begin."""
    log_in(3 * HOUR)
    begun = figures._uncounted_since()
    roll_up_all()
    LoginSession.objects.all().delete()

    late = list(figures._roll_up_from(begun))

    assert late == []
    assert total(Kind.LOGINS) == 1


@pytest.mark.django_db(transaction=True)
def test_days_before_an_interruption_stay_counted(
    log_in: Callable[..., LoginSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(5):
        log_in(day * DAY + 2 * HOUR)
    upsert, calls = type(HourlyFigure.objects.all()).upsert, []

    def die_at_the_fourth(self: Any, rows: list[HourlyFigure]) -> None:
        calls.append(rows)
        upsert(self, rows)
        if len(calls) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(type(HourlyFigure.objects.all()), "upsert", die_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        roll_up_all()
    settled, counted = HourlyFigure.objects.settled_until(), total(Kind.LOGINS)
    monkeypatch.undo()

    rest = roll_up_all()

    assert settled is not None
    assert rest[0].since == settled
    assert 0 < counted < 5
    assert total(Kind.LOGINS) == 5


def test_a_real_login_is_counted_like_a_made_up_one(alice: Api) -> None:
    with time_machine.travel(NOW + 2 * HOUR, tick=False):
        roll_up_all()

    assert total(Kind.LOGINS) == 1
    assert total(Kind.LATENCY) == 1
