"""Figures: logins, new people and failures, rolled up by hour, so that no page has to read all rows."""

import logging
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.db import Error, IntegrityError
from django.utils import timezone

from wxlogin.clock import utc_now
from wxlogin.conf import conf
from wxlogin.log import log
from wxlogin.models import HourlyFigure
from wxlogin.models.clock import database_time
from wxlogin.models.figures import ABOVE_LAST_BUCKET, hour_of, split_label
from wxlogin.transactions import in_one_transaction

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# An hour is rolled up this long after its end, when all its logins are committed.
ROLL_UP_DELAY = timedelta(minutes=5)
DAYS_SHOWN = 30

Kind = HourlyFigure.Kind


@dataclass(frozen=True)
class Rollup:
    """One roll-up of the hours from ``since`` to ``until``. ``figures`` is the number of rows that it stored."""

    since: datetime
    until: datetime
    figures: int


@dataclass(frozen=True)
class Day:
    date: date
    logins: int
    new_people: int
    failures: int


@dataclass(frozen=True)
class FailureTotal:
    """The number of failures with one meaning."""

    code: str
    errcode: int | None
    count: int


@dataclass(frozen=True)
class AppTotals:
    """Sums of one app. ``live_sessions`` is None until they are counted for the first time."""

    appid: str
    logins: int
    new_people: int
    failures: int
    live_sessions: int | None


@dataclass(frozen=True)
class Figures:
    """Figures of the overview. ``apps`` holds all apps; everything else is of the app that was asked for.

    ``days``: the oldest first, today last. ``p50_ms`` and ``p95_ms``: percentiles of WeChat's answer time today, as
    upper bounds of ``BUCKETS``; None if there was no call, ``ABOVE_LAST_BUCKET`` above the largest bucket.
    ``settled_until``: older hours are rolled up. Today's rows are always counted directly. If hours between
    ``settled_until`` and today are missing, ``is_complete`` is False.
    """

    days: list[Day]
    failures: list[FailureTotal]
    apps: list[AppTotals]
    p50_ms: int | None
    p95_ms: int | None
    live_sessions: int | None
    live_sessions_at: datetime | None
    settled_until: datetime | None
    is_complete: bool

    @property
    def today(self) -> Day:
        return self.days[-1]


def roll_up() -> Iterator[Rollup]:
    """Roll up all finished hours that aren't rolled up yet, one day at a time.

    Each day is committed by itself, so this may be killed, run again, and run twice at once.
    """
    return _roll_up_from(_uncounted_since())


def roll_up_all() -> datetime | None:
    """Roll up all finished hours, and return the end of the last one. None if there is nothing to count."""
    counted_until = _uncounted_since()
    for rolled_up in _roll_up_from(counted_until):
        counted_until = rolled_up.until
    return counted_until


def overview(appid: str = "") -> Figures:
    """Return the figures of the last days, of one app or of all. Rolls up one missing day first.

    The number of statements doesn't depend on the number of rows.
    """
    settled_until = _roll_up_one_day()
    day_starts = _day_starts()
    today = day_starts[-1]
    figures = list(_figures(day_starts, settled_until or today))
    live = HourlyFigure.objects.latest_live_sessions() or _live_now()
    of_app = [figure for figure in figures if appid in ("", figure.appid)]
    live_of_app = [figure for figure in live if appid in ("", figure.appid)]
    p50_ms, p95_ms = _latency(figure for figure in of_app if figure.day == len(day_starts) - 1)
    return Figures(
        days=_days(of_app, day_starts),
        failures=_failures(of_app),
        apps=_apps(figures, live),
        p50_ms=p50_ms,
        p95_ms=p95_ms,
        live_sessions=sum(figure.count for figure in live_of_app) if live_of_app else None,
        live_sessions_at=live_of_app[0].hour + HOUR if live_of_app else None,
        settled_until=settled_until,
        is_complete=settled_until is None or settled_until >= today,
    )


def _live_now() -> list[HourlyFigure]:
    """Count the live sessions directly. Only used before the first hour is rolled up, when there are few."""
    now = database_time()
    return HourlyFigure.objects.live_now(now - HOUR, now, list(conf.APPS))


def _roll_up_from(since: datetime | None) -> Iterator[Rollup]:
    if since is None:
        return
    roll_up_hours = in_one_transaction(_roll_up_hours)
    now = database_time()
    end = hour_of(now - ROLL_UP_DELAY)
    while since < end:
        until = min(since + DAY, end)
        try:
            figures = roll_up_hours(since, until, live_at=now if until == end else None)
        except IntegrityError:
            # Another process rolled up these hours.
            until = HourlyFigure.objects.settled_until() or since
            if until <= since:
                # Our own transaction started too early to see it.
                return
        else:
            yield Rollup(since, until, figures)
            if not figures and until < end:
                until = _next_hour_with_any(until, end)
        since = until


def _next_hour_with_any(since: datetime, end: datetime) -> datetime:
    """Skip long stretches without any event, at most to the last hour."""
    first = HourlyFigure.objects.first_event(since)
    return min(hour_of(first), end - HOUR) if first else end - HOUR


def _roll_up_hours(since: datetime, until: datetime, *, live_at: datetime | None) -> int:
    """Roll up these hours, and return the number of figures. Needs a transaction.

    If ``live_at`` is given, the sessions that are live then are counted too. Raises ``IntegrityError`` if another
    process rolled up some of the hours.
    """
    HourlyFigure.objects.claim_hours(since, until)
    figures = HourlyFigure.objects.count_rows(since, until)
    if live_at:
        figures += HourlyFigure.objects.live_now(until - HOUR, live_at, list(conf.APPS))
    HourlyFigure.objects.upsert(figures)
    return len(figures)


def _uncounted_since() -> datetime | None:
    """Return the start of the first hour that isn't rolled up, None if there is nothing to count."""
    settled_until = HourlyFigure.objects.settled_until()
    if settled_until is None and (first := HourlyFigure.objects.first_event()):
        return hour_of(first)
    return settled_until


def _roll_up_one_day() -> datetime | None:
    """Roll up one missing day, and return the end of the last hour rolled up. A read-only database is fine."""
    settled_until = _uncounted_since()
    try:
        for rolled_up in islice(_roll_up_from(settled_until), 1):
            settled_until = rolled_up.until
    except Error as exc:
        log("figures not rolled up", logging.WARNING, problem=type(exc).__name__)
    return settled_until


def _day_starts() -> list[datetime]:
    """Return the start of each day shown, in the current time zone."""
    today = timezone.localdate(utc_now())
    dates = [today - back * DAY for back in reversed(range(DAYS_SHOWN))]
    return [timezone.make_aware(datetime.combine(each, time.min)) for each in dates]


@dataclass(frozen=True)
class _Figure:
    day: int
    kind: str
    appid: str
    label: str
    count: int


def _figures(day_starts: list[datetime], settled_until: datetime) -> Iterator[_Figure]:
    """Yield the figures that are rolled up, then those of today's other rows."""
    for figure in HourlyFigure.objects.per_day(day_starts, settled_until):
        yield _Figure(*figure)
    # Later than midnight, for days of 25 hours and clocks that are ahead.
    end = day_starts[-1] + 2 * DAY
    for counted in HourlyFigure.objects.count_rows(max(settled_until, day_starts[-1]), end):
        day = bisect_right(day_starts, counted.hour) - 1
        yield _Figure(day, counted.kind, counted.appid, counted.label, counted.count)


def _days(figures: list[_Figure], day_starts: list[datetime]) -> list[Day]:
    counts: Counter[tuple[int, str]] = Counter()
    for figure in figures:
        counts[figure.day, figure.kind] += figure.count
    return [
        Day(
            timezone.localdate(start),
            logins=counts[day, Kind.LOGINS],
            new_people=counts[day, Kind.NEW_PEOPLE],
            failures=counts[day, Kind.FAILURES],
        )
        for day, start in enumerate(day_starts)
    ]


def _failures(figures: list[_Figure]) -> list[FailureTotal]:
    """Sum up the failures by meaning, the most frequent first."""
    counts: Counter[str] = Counter()
    for figure in figures:
        if figure.kind == Kind.FAILURES:
            counts[figure.label] += figure.count
    return [FailureTotal(*split_label(label), count) for label, count in counts.most_common()]


def _apps(figures: list[_Figure], live: list[HourlyFigure]) -> list[AppTotals]:
    """Sum up the figures by app: the apps of the settings first, then apps that were removed from them."""
    counts: Counter[tuple[str, str]] = Counter()
    for figure in figures:
        counts[figure.appid, figure.kind] += figure.count
    live_of = {figure.appid: figure.count for figure in live}
    appids = dict.fromkeys([*conf.APPS, *sorted({figure.appid for figure in figures} | live_of.keys())])
    return [
        AppTotals(
            appid,
            logins=counts[appid, Kind.LOGINS],
            new_people=counts[appid, Kind.NEW_PEOPLE],
            failures=counts[appid, Kind.FAILURES],
            live_sessions=live_of.get(appid),
        )
        for appid in appids
    ]


def _latency(figures: Iterable[_Figure]) -> tuple[int | None, int | None]:
    buckets: Counter[int] = Counter()
    for figure in figures:
        if figure.kind == Kind.LATENCY:
            buckets[int(figure.label)] += figure.count
    return _percentile(buckets, 50), _percentile(buckets, 95)


def _percentile(buckets: Counter[int], percent: int) -> int | None:
    """Return the upper bound of the bucket that holds this percentile, None if all buckets are empty."""
    passed, total = 0, buckets.total()
    for bound in sorted(buckets, key=lambda bound: (bound == ABOVE_LAST_BUCKET, bound)):
        passed += buckets[bound]
        if passed * 100 >= total * percent:
            return bound
    return None
