"""Measure the time and the queries of each staff page with a million people and three million sessions.

    python -m benchmarks.admin [--people 1000000] [--keep]

``DATABASE_URL`` names a PostgreSQL server. The benchmark creates a database of its own there and drops it at the
end. Next to each of our pages, the output shows the cost of a plain ``ModelAdmin`` for the same table in the same
run. The exit status is 1 if one of our pages needs more than 15 queries. Pages over 0.3 seconds are only marked,
since the time depends on the machine too.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import django
import psycopg

QUERIES, SECONDS = 15, 0.3
ROUNDS = 5
# Seconds. A slower page is measured in one round.
SLOW = 1.0


@dataclass(frozen=True)
class Cost:
    queries: int
    seconds: float


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument(
        "--people", type=int, default=1_000_000, help="10,000 or more, so that there is a page 100"
    )
    options.add_argument("--keep", action="store_true", help="keep the database, and use one that was kept")
    chosen = options.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    django.setup()
    with database(keep=chosen.keep) as is_new:
        if is_new:
            fill(chosen.people)
        roll_up()
        sys.exit(measure(chosen.people))


@contextmanager
def database(*, keep: bool) -> Iterator[bool]:
    """Create the benchmark's database, or use one that was kept. Yield True if it is new and empty."""
    from django.conf import settings
    from django.db import connections

    server = settings.SERVER
    where = {
        "host": server["HOST"],
        "port": server["PORT"],
        "user": server["USER"],
        "password": server["PASSWORD"],
    }
    name = settings.DATABASES["default"]["NAME"]
    with psycopg.connect(dbname=server["NAME"], autocommit=True, **where) as connection:
        is_there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if is_there and not keep:
            connection.execute(f"DROP DATABASE {name}")
        if not is_there or not keep:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            yield not is_there or not keep
        finally:
            connections.close_all()
            if not keep:
                connection.execute(f"DROP DATABASE {name}")


def fill(people: int) -> None:
    from django.core.management import call_command

    from .rows import build

    call_command("migrate", verbosity=0)
    started = time.monotonic()
    for name in build(people):
        print_line(f"{time.monotonic() - started:6.1f} s  {name}")


def roll_up() -> None:
    from wxlogin.clock import utc_now
    from wxlogin.conf import conf
    from wxlogin.models import HourlyFigure
    from wxlogin.services.upkeep.figures import roll_up_all

    started = time.monotonic()
    roll_up_all()
    print_line(f"{time.monotonic() - started:6.1f} s  hourly figures rolled up, unless they were before")
    started, now = time.monotonic(), utc_now()
    HourlyFigure.objects.live_now(now, now, list(conf.APPS))
    print_line(f"{time.monotonic() - started:6.2f} s  live sessions counted, as each hour does")


def measure(people: int) -> int:
    from .pages import pages, staff, superuser

    browser, superuser_browser, marked, is_costly = staff(), superuser(), 0, False
    print_line(
        f"\n{'page':44} {'queries':>7} {'seconds':>8}   {'superuser':>9} {'seconds':>8}   {'plain':>7} {'seconds':>8}"
    )
    for name, ours, plain in pages(people):
        cost = cost_of(browser, ours)
        superuser_cost = cost_of(superuser_browser, ours)
        other = cost_of(browser, plain) if plain else None
        queries, seconds = (
            max(cost.queries, superuser_cost.queries),
            max(cost.seconds, superuser_cost.seconds),
        )
        is_costly |= queries > QUERIES
        mark = "" if queries <= QUERIES and seconds <= SECONDS else "  TOO MUCH"
        marked += bool(mark)
        beside = f"{other.queries:7} {other.seconds:8.3f}" if other else f"{'-':>7} {'-':>8}"
        both = (
            f"{cost.queries:7} {cost.seconds:8.3f}   {superuser_cost.queries:9} {superuser_cost.seconds:8.3f}"
        )
        print_line(f"{name:44} {both}   {beside}{mark}")
    print_line(f"\nmore than {QUERIES} queries or {SECONDS} s: {marked or 'none'}")
    return int(is_costly)


def cost_of(browser: Any, url: str) -> Cost:
    """Measure a page: the median of ``ROUNDS`` after one that warms up, or one round if the page is slow."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        first = measure_seconds(lambda: browser.get(url))
    # The next request empties the list.
    query_count = len(queries)
    rounds = 1 if first > SLOW else ROUNDS
    return Cost(
        query_count, statistics.median(measure_seconds(lambda: browser.get(url)) for _ in range(rounds))
    )


def measure_seconds(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    answer = ask()
    seconds = time.perf_counter() - started
    if answer.status_code != 200:
        raise AssertionError(f"{answer.request['PATH_INFO']}: {answer.status_code}")
    return seconds


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
