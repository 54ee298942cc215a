from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import InternalError, connections
from django.utils import timezone

from tests.conftest import Api
from tests.helpers.queries import statements
from tests.settings import APPID
from wxlogin.models import HourlyFigure, LoginFailure, LoginSession, WeChatUser
from wxlogin.models.figures import BEYOND
from wxlogin.services.upkeep import figures
from wxlogin.services.upkeep.figures import DAY, HOUR, AppTotals, FailureTotal, overview, roll_up

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
OTHER = "wx00000000000000bb"
Kind = HourlyFigure.Kind


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def person(db: None) -> WeChatUser:
    """Somebody from before all that is shown."""
    long_ago = NOW - 40 * DAY
    user = get_user_model().objects.create(username="alice")
    return WeChatUser.objects.create(
        user=user, appid=APPID, openid="o-alice", created_at=long_ago, last_login_at=long_ago
    )


@pytest.fixture
def log_in(person: WeChatUser) -> Callable[..., LoginSession]:
    def log_in(ago: timedelta, *, appid: str = APPID, ms: int | None = 120, **fields: Any) -> LoginSession:
        at = NOW - ago
        times = {"created_at": at, "last_seen_at": at, "expires_at": at + 30 * DAY, **fields}
        return LoginSession.objects.create(wechat_user=person, appid=appid, upstream_ms=ms, **times)

    return log_in


@pytest.fixture
def fail(db: None) -> Callable[..., LoginFailure]:
    def fail(
        ago: timedelta, code: str = "code_invalid", errcode: int | None = 40029, **fields: Any
    ) -> LoginFailure:
        row = {"appid": APPID, "created_at": NOW - ago, "code": code, "errcode": errcode, **fields}
        return LoginFailure.objects.create(**row)

    return fail


def all_figures() -> set[tuple[Any, ...]]:
    return set(HourlyFigure.objects.values_list("kind", "hour", "appid", "label", "count"))


def rolled_up() -> list[figures.Rollup]:
    return list(roll_up())


def total(kind: str, **of: Any) -> int:
    return sum(HourlyFigure.objects.filter(kind=kind, **of).values_list("count", flat=True))


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

    rolled_up()

    assert {row for row in all_figures() if row[1] == at_nine and row[0] != Kind.SETTLED} == {
        (Kind.LOGINS, at_nine, APPID, "", 2),
        (Kind.LOGINS, at_nine, OTHER, "", 1),
        (Kind.FAILURES, at_nine, APPID, "code_invalid 40029", 2),
        (Kind.FAILURES, at_nine, APPID, "account_disabled", 1),
        (Kind.LATENCY, at_nine, APPID, "50", 2),
        (Kind.LATENCY, at_nine, APPID, "100", 1),
        (Kind.LATENCY, at_nine, APPID, str(BEYOND), 1),
    }


def test_the_sums_are_those_of_the_rows(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure]
) -> None:
    for number in range(60):
        log_in(number * timedelta(hours=7, minutes=13) + 2 * HOUR, ms=number * 130)
        fail(number * timedelta(hours=5, minutes=11) + 2 * HOUR, errcode=number % 3)

    rolled_up()

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
    rolled_up()
    once = all_figures()

    again = rolled_up()

    assert again == []
    assert all_figures() == once


def test_each_hour_is_counted_once_however_often_it_is_rolled_up(
    log_in: Callable[..., LoginSession],
) -> None:
    for minutes in range(0, 26 * 60, 17):
        log_in(timedelta(minutes=minutes))

    for ago in range(24, -1, -1):
        with time_machine.travel(NOW - ago * HOUR, tick=False):
            rolled_up()

    settled = HourlyFigure.objects.settled_until()
    assert total(Kind.LOGINS) == LoginSession.objects.filter(created_at__lt=settled).count()


@pytest.mark.parametrize(("minutes", "count"), [(4, 0), (5, 1)])
def test_an_hour_is_not_settled_before_its_last_login_is_committed(
    log_in: Callable[..., LoginSession], minutes: int, count: int
) -> None:
    log_in(timedelta(minutes=35))  # at 11:55

    with time_machine.travel(NOW.replace(minute=minutes), tick=False):
        rolled_up()

    assert total(Kind.LOGINS) == count


def test_nothing_to_count_is_nothing_to_settle(db: None) -> None:
    assert rolled_up() == []
    assert overview().settled_until is None
    assert overview().is_complete


def test_it_goes_day_by_day_and_past_long_silences(log_in: Callable[..., LoginSession]) -> None:
    log_in(39 * DAY)
    log_in(3 * HOUR)

    chunks = rolled_up()

    assert [chunk.until - chunk.since for chunk in chunks] == [DAY, DAY, DAY, timedelta(hours=3)]
    assert chunks[0].since == (NOW - 40 * DAY).replace(minute=0)
    assert HourlyFigure.objects.settled_until() == NOW.replace(minute=0)
    assert total(Kind.LOGINS) == 2


def test_the_last_hour_is_settled_though_nobody_came_for_long(person: WeChatUser) -> None:
    rolled_up()

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

    rolled_up()

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
            return len(rolled_up())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        chunks = list(pool.map(run, range(2)))

    assert sum(chunks) >= 9
    assert total(Kind.LOGINS) == 40
    assert HourlyFigure.objects.settled_until() == NOW.replace(minute=0)


def test_who_comes_second_does_not_put_less_in_place_of_what_was_counted(
    log_in: Callable[..., LoginSession],
) -> None:
    """The first one rolled up and purged while the second one was about to begin."""
    log_in(3 * HOUR)
    begun = figures._uncounted_since()
    rolled_up()
    LoginSession.objects.all().delete()

    late = list(figures._roll_up_from(begun))

    assert late == []
    assert total(Kind.LOGINS) == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_counted_before_it_was_killed_is_counted(
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
        rolled_up()
    settled, counted = HourlyFigure.objects.settled_until(), total(Kind.LOGINS)
    monkeypatch.undo()

    rest = rolled_up()

    assert settled is not None
    assert rest[0].since == settled
    assert 0 < counted < 5
    assert total(Kind.LOGINS) == 5


def test_the_overview_is_what_the_rows_say_day_by_day(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure], person: WeChatUser
) -> None:
    for hours in range(0, 29 * 24, 5):
        log_in(hours * HOUR)
        fail(hours * HOUR + timedelta(minutes=7), "wechat_timeout", None)
    WeChatUser.objects.update(created_at=NOW - 2 * DAY)
    rolled_up()

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
    rolled_up()
    log_in(timedelta(minutes=1), ms=3000)
    fail(timedelta(minutes=1))

    shown = overview()

    assert (shown.today.logins, shown.today.failures) == (1, 1)
    assert (shown.p50_ms, shown.p95_ms) == (3200, 3200)
    assert not HourlyFigure.objects.filter(hour__gt=NOW.replace(minute=0)).exists()


def test_days_are_those_of_the_clock_on_the_wall(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure]
) -> None:
    log_in(timedelta(hours=20, minutes=25))  # in Shanghai this is today, five past midnight
    log_in(timedelta(hours=20, minutes=35))
    rolled_up()

    with timezone.override("Asia/Shanghai"):
        shown = overview()

    assert [day.logins for day in shown.days[-2:]] == [1, 1]


def test_figures_of_one_app_leave_the_table_of_apps_whole(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure], two_apps: tuple[str, str]
) -> None:
    log_in(26 * HOUR)
    log_in(3 * HOUR, appid=OTHER, ms=700)
    fail(3 * HOUR, appid="wx-gone")
    rolled_up()

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
    ("took", "half", "most"),
    [
        ([], None, None),
        ([None], None, None),
        ([0], 50, 50),
        ([50] * 95 + [9000] * 5, 50, 50),
        ([50] * 94 + [9000] * 6, 50, BEYOND),
        ([30] * 10 + [90] * 10, 50, 100),
        ([30] * 10 + [90] * 11, 100, 100),
        ([6400], 6400, 6400),
        ([6401], BEYOND, BEYOND),
    ],
)
def test_half_and_most_of_the_calls_were_answered_within(
    log_in: Callable[..., LoginSession], took: list[int | None], half: int | None, most: int | None
) -> None:
    for number, ms in enumerate(took):
        log_in(timedelta(minutes=number), ms=ms)

    shown = overview()

    assert (shown.p50_ms, shown.p95_ms) == (half, most)


def test_a_look_catches_up_a_day_and_says_what_is_missing(log_in: Callable[..., LoginSession]) -> None:
    for day in range(4):
        log_in(day * DAY + HOUR)
    WeChatUser.objects.update(created_at=NOW - 3 * DAY)

    looks = [overview() for _ in range(4)]

    assert [look.is_complete for look in looks] == [False, False, True, True]
    assert [look.today.logins for look in looks] == [1, 1, 1, 1]
    assert [sum(day.logins for day in look.days) for look in looks] == [2, 3, 4, 4]
    assert looks[-1].settled_until == NOW.replace(minute=0)


def test_a_database_that_takes_no_writes_shows_what_it_has(
    log_in: Callable[..., LoginSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(30 * HOUR)
    log_in(26 * HOUR)
    with time_machine.travel(NOW - 27 * HOUR, tick=False):
        rolled_up()
    log_in(HOUR)

    def refuse(*_: Any) -> None:
        raise InternalError("cannot execute INSERT in a read-only transaction")

    monkeypatch.setattr(type(HourlyFigure.objects.all()), "settle", refuse)

    shown = overview()

    assert not shown.is_complete
    assert [day.logins for day in shown.days[-2:]] == [1, 1]


def test_the_number_of_statements_does_not_depend_on_the_rows(
    log_in: Callable[..., LoginSession], fail: Callable[..., LoginFailure]
) -> None:
    log_in(3 * HOUR)
    with statements() as first:
        overview()
    rolled_up()
    with statements() as few:
        overview()
    for number in range(100):
        log_in(number * timedelta(minutes=97))
        fail(number * timedelta(minutes=89), errcode=number)
    HourlyFigure.objects.all().delete()
    rolled_up()
    with statements() as many:
        overview()

    assert len(few) == len(many) == 4
    assert len([sql for sql in first if "SAVEPOINT" not in sql]) <= 10


def test_a_real_login_is_counted_like_a_made_up_one(alice: Api) -> None:
    with time_machine.travel(NOW + 2 * HOUR, tick=False):
        rolled_up()

    assert total(Kind.LOGINS) == 1
    assert total(Kind.LATENCY) == 1
