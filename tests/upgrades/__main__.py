"""Upgrade from the version before while people use the service: ``python -m tests.upgrades [--from REV]``.

It runs on the server of ``DATABASE_URL``, in a database of its own, or on SQLite. The exit status is 1 if something
failed.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import django
from django.db import connection

from wxlogin.fakewechat import FakeWeChat

from .history import History, LeftOut
from .upgrade import prepared

ROUNDS = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrades", description=__doc__)
    parser.add_argument("--from", dest="revision", help="a tag or commit, instead of the version before")
    revision = parser.parse_args().revision
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    try:
        return upgrade(revision or History().version_before())
    except LeftOut as reason:
        say(f"left out: {reason}")
        return int(revision is not None)


def upgrade(revision: str) -> int:
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="wxlogin-upgrade-") as folder,
        FakeWeChat() as wechat,
        prepared(revision, Path(folder), wechat, ROUNDS) as ready,
    ):
        report = ready.run()
    say(f"Upgrade from {History().name_of(revision)} on {connection.display_name}\n")
    say(report.table(ready.before, ready.now))
    say(f"\n{report.problems.total()} failed, {time.monotonic() - started:.0f} s")
    return int(bool(report.problems))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
