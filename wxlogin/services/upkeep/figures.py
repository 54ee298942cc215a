"""How many logins, new people and failures there are: hour by hour, so that no page has to read all rows."""

import logging
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.db import Error, IntegrityError
from django.utils import timezone

from wxlogin.conf import conf
from wxlogin.log import log
from wxlogin.models import HourlyFigure
from wxlogin.models.figures import BEYOND, parts_of
from wxlogin.transactions import in_one_transaction

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTLING = timedelta(minutes=5)  # after which no login of an hour is still about to be committed
SHOWN = 30  # days

Kind = HourlyFigure.Kind


@dataclass(frozen=True)
class RolledUp:
    """``figures``: how many came of these hours."""

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
class Failures:
    """``count`` failures that mean the same."""

    code: str
    errcode: int | None
    count: int


@dataclass(frozen=True)
class AppTotals:
    """``live_sessions`` is None as long as nobody counted them."""

    appid: str
    logins: int
    new_people: int
    failures: int
    live_sessions: int | None


@dataclass(frozen=True)
class Figures:
    """``days``: oldest first, the last one is today. ``apps`` tells of all apps, the rest of those asked for.

    ``half`` and ``most``: WeChat answered half of today's calls, and 95 of 100, within as many milliseconds.
    None where there was no call, ``BEYOND`` where it took longer than the largest of ``BUCKETS``.

    ``settled_until``: older hours are rolled up; today's are counted in any case. What lies between the two,
    if anything, is missing until they meet, and then the figures are not complete.
    """

    days: list[Day]
    failures: list[Failures]
    apps: list[AppTotals]
    half: int | None
    most: int | None
    live_sessions: int | None
    live_sessions_at: datetime | None
    settled_until: datetime | None
    is_complete: bool

    @property
    def today(self) -> Day:
        return self.days[-1]


def roll_up() -> Iterator[RolledUp]:
    """Count all hours that are over and not counted yet, a day at a time.

    Each day is committed by itself, so this may be killed, run again, and run twice at once.
    """
    return _roll_up_from(_uncounted_since())


def settle() -> datetime | None:
    """Roll up all. What is older than the answer is counted; None where there is nothing to count."""
    counted_until = _uncounted_since()
    for rolled_up in _roll_up_from(counted_until):
        counted_until = rolled_up.until
    return counted_until


def overview(appid: str = "") -> Figures:
    """The figures of the last days, of one app or of all. Rolls up a day of what is missing.

    The number of statements does not depend on the number of rows.
    """
    settled_until = _catch_up()
    begins = _begins()
    today = begins[-1]
    figures = list(_figures(begins, settled_until or today))
    live = HourlyFigure.objects.latest_live_sessions() or _live_now()
    of_app = [figure for figure in figures if appid in ("", figure.appid)]
    live_of_app = [figure for figure in live if appid in ("", figure.appid)]
    half, most = _latency(figure for figure in of_app if figure.day == len(begins) - 1)
    return Figures(
        days=_days(of_app, begins),
        failures=_failures(of_app),
        apps=_apps(figures, live),
        half=half,
        most=most,
        live_sessions=sum(figure.count for figure in live_of_app) if live_of_app else None,
        live_sessions_at=live_of_app[0].hour + HOUR if live_of_app else None,
        settled_until=settled_until,
        is_complete=settled_until is None or settled_until >= today,
    )


def _live_now() -> list[HourlyFigure]:
    """Until the first hour is settled, when there are few."""
    now = timezone.now()
    return HourlyFigure.objects.live_now(now - HOUR, now, list(conf.APPS))


def _roll_up_from(since: datetime | None) -> Iterator[RolledUp]:
    end = _hour_of(timezone.now() - SETTLING)
    while since is not None and since < end:
        until = min(since + DAY, end)
        try:
            figures = _roll_up_hours(since, until, is_latest=until == end)
        except IntegrityError:  # somebody else rolled up these hours
            until = HourlyFigure.objects.settled_until() or since
            if until <= since:
                return  # and our own transaction is too old to see it
        else:
            yield RolledUp(since, until, figures)
            if not figures and until < end:
                until = _next_hour_with_any(until, end)
        since = until


def _next_hour_with_any(since: datetime, end: datetime) -> datetime:
    """So that long stretches without anybody take no time; the last hour in any case."""
    first = HourlyFigure.objects.first_event(since)
    return min(_hour_of(first), end - HOUR) if first else end - HOUR


@in_one_transaction
def _roll_up_hours(since: datetime, until: datetime, *, is_latest: bool) -> int:
    """How many figures came of it. Raises ``IntegrityError`` where somebody else was quicker."""
    HourlyFigure.objects.settle([since + hours * HOUR for hours in range(1, (until - since) // HOUR + 1)])
    figures = HourlyFigure.objects.counted(since, until)
    if is_latest:
        figures += HourlyFigure.objects.live_now(until - HOUR, timezone.now(), list(conf.APPS))
    HourlyFigure.objects.put(figures)
    return len(figures)


def _uncounted_since() -> datetime | None:
    """None where there is nothing to count."""
    settled_until = HourlyFigure.objects.settled_until()
    if settled_until is None and (first := HourlyFigure.objects.first_event()):
        return _hour_of(first)
    return settled_until


def _catch_up() -> datetime | None:
    """Until when all is counted. A database that can't be written to shows what it has."""
    settled_until = _uncounted_since()
    try:
        for rolled_up in islice(_roll_up_from(settled_until), 1):
            settled_until = rolled_up.until
    except Error as exc:
        log("figures not rolled up", logging.WARNING, problem=type(exc).__name__)
    return settled_until


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _begins() -> list[datetime]:
    """When each of the days shown begins, as the clocks of whoever looks at it say."""
    today = timezone.localdate()
    dates = [today - back * DAY for back in reversed(range(SHOWN))]
    return [timezone.make_aware(datetime.combine(each, time.min)) for each in dates]


@dataclass(frozen=True)
class _Figure:
    day: int
    kind: str
    appid: str
    label: str
    count: int


def _figures(begins: list[datetime], settled_until: datetime) -> Iterator[_Figure]:
    """Those that are rolled up, then today's that are not."""
    for figure in HourlyFigure.objects.per_day(begins, settled_until):
        yield _Figure(*figure)
    tonight = begins[-1] + 2 * DAY  # or later, for days of 25 hours and clocks that are ahead
    for counted in HourlyFigure.objects.counted(max(settled_until, begins[-1]), tonight):
        day = bisect_right(begins, counted.hour) - 1
        yield _Figure(day, counted.kind, counted.appid, counted.label, counted.count)


def _days(figures: list[_Figure], begins: list[datetime]) -> list[Day]:
    counts: Counter[tuple[int, str]] = Counter()
    for figure in figures:
        counts[figure.day, figure.kind] += figure.count
    return [
        Day(
            timezone.localdate(begin),
            logins=counts[day, Kind.LOGINS],
            new_people=counts[day, Kind.NEW_PEOPLE],
            failures=counts[day, Kind.FAILURES],
        )
        for day, begin in enumerate(begins)
    ]


def _failures(figures: list[_Figure]) -> list[Failures]:
    """The most frequent first."""
    counts: Counter[str] = Counter()
    for figure in figures:
        if figure.kind == Kind.FAILURES:
            counts[figure.label] += figure.count
    return [Failures(*parts_of(label), count) for label, count in counts.most_common()]


def _apps(figures: list[_Figure], live: list[HourlyFigure]) -> list[AppTotals]:
    """Those of the settings, then those that are gone from them."""
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
    return _bound(buckets, percent=50), _bound(buckets, percent=95)


def _bound(buckets: Counter[int], *, percent: int) -> int | None:
    """The bucket within which that many are; None where there are none."""
    passed, total = 0, buckets.total()
    for bound in sorted(buckets, key=lambda bound: (bound == BEYOND, bound)):
        passed += buckets[bound]
        if passed * 100 >= total * percent:
            return bound
    return None
