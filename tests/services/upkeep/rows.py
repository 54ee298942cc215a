"""The time of the tests, and short ways to read the figures."""

from datetime import UTC, datetime
from typing import Any

from wxlogin.models import HourlyFigure
from wxlogin.services.upkeep import figures
from wxlogin.services.upkeep.figures import roll_up

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
OTHER = "wx00000000000000bb"
Kind = HourlyFigure.Kind


def all_figures() -> set[tuple[Any, ...]]:
    return set(HourlyFigure.objects.values_list("kind", "hour", "appid", "label", "count"))


def roll_up_all() -> list[figures.Rollup]:
    return list(roll_up())


def total(kind: str, **of: Any) -> int:
    return sum(HourlyFigure.objects.filter(kind=kind, **of).values_list("count", flat=True))
