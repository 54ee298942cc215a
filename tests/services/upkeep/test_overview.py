from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import InternalError
from django.utils import timezone

from tests.helpers.queries import statements
from tests.settings import APPID
from wxlogin.models import HourlyFigure, LoginFailure, LoginSession, WeChatUser
from wxlogin.models.figures import ABOVE_LAST_BUCKET
from wxlogin.services.upkeep.figures import DAY, HOUR, AppTotals, FailureTotal, overview

from .rows import NOW, OTHER, roll_up_all


def test_without_rows_there_is_nothing_to_roll_up(db: None) -> None:
    assert roll_up_all() == []
    assert overview().settled_until is None
    assert overview().is_complete


def test_the_overview_counts_the_rows_of_each_day(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure], person: WeChatUser
) -> None:
    for hours in range(0, 29 * 24, 5):
        log_in(hours * HOUR)
        fail(hours * HOUR + timedelta(minutes=7), "wechat_timeout", None)
    WeChatUser.objects.update(created_at=NOW - 2 * DAY)
    roll_up_all()

    shown = overview()

    assert len(shown.days) == 30
    assert (shown.days[0].date, shown.today.date) == (NOW.date() - 29 * DAY, NOW.date())
    for day in shown.days:
        of_day = {"created_at__date": day.date}
        assert day.logins == LoginSession.objects.filter(**of_day).count(), day
        assert day.failures == LoginFailure.objects.filter(**of_day).count(), day
        assert day.new_people == WeChatUser.objects.filter(**of_day).count(), day
    assert shown.failures == [FailureTotal("wechat_timeout", None, LoginFailure.objects.count())]
    assert shown.is_complete


def test_the_running_hour_is_counted_and_not_stored(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure]
) -> None:
    roll_up_all()
    log_in(timedelta(minutes=1), ms=3000)
    fail(timedelta(minutes=1))

    shown = overview()

    assert (shown.today.logins, shown.today.failures) == (1, 1)
    assert (shown.p50_ms, shown.p95_ms) == (3200, 3200)
    assert not HourlyFigure.objects.filter(hour__gt=NOW.replace(minute=0)).exists()


def test_days_begin_at_local_midnight(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure]
) -> None:
    # In Shanghai this is today, five past midnight.
    log_in(timedelta(hours=20, minutes=25))
    log_in(timedelta(hours=20, minutes=35))
    roll_up_all()

    with timezone.override("Asia/Shanghai"):
        shown = overview()

    assert [day.logins for day in shown.days[-2:]] == [1, 1]


def test_figures_of_one_app_leave_the_table_of_apps_whole(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure], two_apps: tuple[str, str]
) -> None:
    log_in(26 * HOUR)
    log_in(3 * HOUR, appid=OTHER, ms=700)
    fail(3 * HOUR, appid="wx-gone")
    roll_up_all()

    shown = overview(OTHER)

    assert [day.logins for day in shown.days[-2:]] == [0, 1]
    assert shown.failures == []
    assert (shown.p50_ms, shown.live_sessions) == (800, 1)
    assert shown.apps == [
        AppTotals(APPID, 1, 0, 0, live_sessions=1),
        AppTotals(OTHER, 1, 0, 0, live_sessions=1),
        AppTotals("wx-gone", 0, 0, 1, live_sessions=None),
    ]
    assert shown.live_sessions_at == NOW.replace(minute=0)


@pytest.mark.parametrize(
    ("times", "p50_ms", "p95_ms"),
    [
        ([], None, None),
        ([None], None, None),
        ([0], 50, 50),
        ([50] * 95 + [9000] * 5, 50, 50),
        ([50] * 94 + [9000] * 6, 50, ABOVE_LAST_BUCKET),
        ([30] * 10 + [90] * 10, 50, 100),
        ([30] * 10 + [90] * 11, 100, 100),
        ([6400], 6400, 6400),
        ([6401], ABOVE_LAST_BUCKET, ABOVE_LAST_BUCKET),
    ],
)
def test_the_percentiles_are_upper_bounds_of_buckets(
    log_in: Callable[..., LoginSession], times: list[int | None], p50_ms: int | None, p95_ms: int | None
) -> None:
    for number, ms in enumerate(times):
        log_in(timedelta(minutes=number), ms=ms)

    shown = overview()

    assert (shown.p50_ms, shown.p95_ms) == (p50_ms, p95_ms)


def test_each_overview_rolls_up_one_day_and_says_if_others_are_missing(
    log_in: Callable[..., LoginSession],
) -> None:
    for day in range(4):
        log_in(day * DAY + HOUR)
    WeChatUser.objects.update(created_at=NOW - 3 * DAY)

    overviews = [overview() for _ in range(4)]

    assert [each.is_complete for each in overviews] == [False, False, True, True]
    assert [each.today.logins for each in overviews] == [1, 1, 1, 1]
    assert [sum(day.logins for day in each.days) for each in overviews] == [2, 3, 4, 4]
    assert overviews[-1].settled_until == NOW.replace(minute=0)


def test_a_database_that_takes_no_writes_shows_what_it_has(
    log_in: Callable[..., LoginSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(30 * HOUR)
    log_in(26 * HOUR)
    with time_machine.travel(NOW - 27 * HOUR, tick=False):
        roll_up_all()
    log_in(HOUR)

    def refuse(*_: Any) -> None:
        raise InternalError("cannot execute INSERT in a read-only transaction")

    monkeypatch.setattr(type(HourlyFigure.objects.all()), "claim_hours", refuse)

    shown = overview()

    assert not shown.is_complete
    assert [day.logins for day in shown.days[-2:]] == [1, 1]


def test_the_number_of_statements_does_not_depend_on_the_rows(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure]
) -> None:
    log_in(3 * HOUR)
    with statements() as first:
        overview()
    roll_up_all()
    with statements() as few:
        overview()
    for number in range(100):
        log_in(number * timedelta(minutes=97))
        fail(number * timedelta(minutes=89), errcode=number)
    HourlyFigure.objects.all().delete()
    roll_up_all()
    with statements() as many:
        overview()

    assert len(few) == len(many) == 5
    assert len([sql for sql in first if "SAVEPOINT" not in sql]) <= 11
