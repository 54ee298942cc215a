"""How long each staff page takes at a million people and three million sessions, and how many queries.

    python -m benchmarks.admin [--people 1000000] [--keep]

Needs a PostgreSQL server, named by ``DATABASE_URL``; makes a database of its own there and drops it at the end.
Beside each page of ours stands what a plain ``ModelAdmin`` of the same table takes, in the same run. Exits with 1
if a page of ours needs more than 15 queries; more than 0.3 seconds are only marked, since that is the machine's too.
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
PATIENCE = 1.0  # a page that takes longer is asked once more and not oftener


@dataclass(frozen=True)
class Cost:
    queries: int
    seconds: float


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument(
        "--people", type=int, default=1_000_000, help="10,000 or more: there has to be a page 100"
    )
    options.add_argument("--keep", action="store_true", help="leave the database, and use one that was left")
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
        tell(f"{time.monotonic() - started:6.1f} s  {name}")


def roll_up() -> None:
    from django.utils import timezone

    from wxlogin.conf import conf
    from wxlogin.models import HourlyFigure
    from wxlogin.services.upkeep.figures import settle

    started = time.monotonic()
    settle()
    tell(f"{time.monotonic() - started:6.1f} s  hourly figures rolled up, where they were not yet")
    started, now = time.monotonic(), timezone.now()
    HourlyFigure.objects.live_now(now, now, list(conf.APPS))
    tell(f"{time.monotonic() - started:6.2f} s  live sessions counted, as each hour does")


def measure(people: int) -> int:
    from .pages import pages, staff, superuser

    browser, boss, marked, is_costly = staff(), superuser(), 0, False
    tell(
        f"\n{'page':44} {'queries':>7} {'seconds':>8}   {'superuser':>9} {'seconds':>8}   {'plain':>7} {'seconds':>8}"
    )
    for name, ours, plain in pages(people):
        cost = cost_of(browser, ours)
        of_boss = cost_of(boss, ours)
        other = cost_of(browser, plain) if plain else None
        queries, seconds = max(cost.queries, of_boss.queries), max(cost.seconds, of_boss.seconds)
        is_costly |= queries > QUERIES
        mark = "" if queries <= QUERIES and seconds <= SECONDS else "  TOO MUCH"
        marked += bool(mark)
        beside = f"{other.queries:7} {other.seconds:8.3f}" if other else f"{'-':>7} {'-':>8}"
        both = f"{cost.queries:7} {cost.seconds:8.3f}   {of_boss.queries:9} {of_boss.seconds:8.3f}"
        tell(f"{name:44} {both}   {beside}{mark}")
    tell(f"\nmore than {QUERIES} queries or {SECONDS} s: {marked or 'none'}")
    return int(is_costly)


def cost_of(browser: Any, url: str) -> Cost:
    """The median of some rounds, after one that warms up; of a slow page, a single round."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        first = timed(lambda: browser.get(url))
    asked = len(queries)  # the next request forgets them
    rounds = 1 if first > PATIENCE else ROUNDS
    return Cost(asked, statistics.median(timed(lambda: browser.get(url)) for _ in range(rounds)))


def timed(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    answer = ask()
    seconds = time.perf_counter() - started
    if answer.status_code != 200:
        raise AssertionError(f"{answer.request['PATH_INFO']}: {answer.status_code}")
    return seconds


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
