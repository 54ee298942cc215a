"""Tiles and bar charts of the overview."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wxlogin.models.figures import ABOVE_LAST_BUCKET, BUCKETS
from wxlogin.services.upkeep.figures import Day, Figures

from ..columns import format_time

# Sizes within a chart, in units of its SVG.
STEP, BAR_WIDTH, HEIGHT = 20, 16, 100


@dataclass(frozen=True)
class Tile:
    """One number at the top of the page."""

    label: Any
    value: Any
    note: Any = ""


def build_tiles(figures: Figures) -> list[Tile]:
    today = figures.today
    return [
        Tile(_("Logins today"), today.logins),
        Tile(_("New people today"), today.new_people),
        Tile(_("Failures today"), today.failures),
        _live_sessions_tile(figures),
        _latency_tile(figures),
    ]


def _live_sessions_tile(figures: Figures) -> Tile:
    if figures.live_sessions is None:
        return Tile(_("Live sessions"), "-", _("not counted yet"))
    at = format_time(figures.live_sessions_at)
    return Tile(_("Live sessions"), figures.live_sessions, format_lazy(_("counted at {at}"), at=at))


def _latency_tile(figures: Figures) -> Tile:
    label = _("WeChat's answer time today")
    if figures.p50_ms is None or figures.p95_ms is None:
        return Tile(label, "-")
    note = format_lazy(_("half of the calls; 95 of 100: {bound}"), bound=_format_bound(figures.p95_ms))
    return Tile(label, _format_bound(figures.p50_ms), note)


def _format_bound(milliseconds: int) -> Any:
    """Return ``≤ 500 ms``, for example: figures know the upper bound of a bucket, not the time of each call."""
    if milliseconds == ABOVE_LAST_BUCKET:
        return format_lazy(_("> {ms} ms"), ms=BUCKETS[-1])
    return format_lazy(_("≤ {ms} ms"), ms=milliseconds)


@dataclass(frozen=True)
class Bar:
    """One bar of a chart. Its position and size are text: a locale would print numbers that no SVG understands."""

    x: str
    y: str
    width: str
    height: str
    date: str
    count: int


@dataclass(frozen=True)
class Chart:
    """A bar for each day. ``kind`` is a part of a CSS class."""

    title: Any
    kind: str
    bars: list[Bar]

    @property
    def total(self) -> int:
        return sum(bar.count for bar in self.bars)

    @property
    def highest(self) -> int:
        return max(bar.count for bar in self.bars)

    @property
    def view_box(self) -> str:
        return f"0 0 {STEP * len(self.bars)} {HEIGHT}"


def build_charts(figures: Figures) -> list[Chart]:
    return [
        _chart(_("Logins per day"), "logins", figures.days, lambda day: day.logins),
        _chart(_("New people per day"), "people", figures.days, lambda day: day.new_people),
        _chart(_("Failures per day"), "failures", figures.days, lambda day: day.failures),
    ]


def _chart(title: Any, kind: str, days: list[Day], get_count: Callable[[Day], int]) -> Chart:
    highest = max(map(get_count, days)) or 1
    bars = [_bar(place, day, get_count(day), highest) for place, day in enumerate(days)]
    return Chart(title, kind, bars)


def _bar(place: int, day: Day, count: int, highest: int) -> Bar:
    # Rounded up, so that even the smallest count can be seen.
    height = -(-HEIGHT * count // highest)
    return Bar(
        x=str(STEP * place + (STEP - BAR_WIDTH) // 2),
        y=str(HEIGHT - height),
        width=str(BAR_WIDTH),
        height=str(height),
        date=date_format(day.date, "SHORT_DATE_FORMAT"),
        count=count,
    )
