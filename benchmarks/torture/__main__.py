"""Break everything around the service while people use it, and print what was lost.

    python -m benchmarks.torture [--case NAME ...] [--quick] [--list] [--write]

Everything runs on loopback, with servers of its own that are stopped at the end. The exit status is 1 if an
acknowledged fact was lost, an answer was outside the contract, or came later than twice the deadline.
"""

import argparse
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from . import cases, report
from .ledger import Ledger
from .processes import CannotRun
from .registry import CASES, Case
from .report import Row
from .stack import Run, Stack

__all__ = ["cases"]

# The exit status of a program that Ctrl-C ended.
INTERRUPTED = 128 + signal.SIGINT


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.torture")
    options.add_argument(
        "--case", action="append", choices=sorted(CASES), metavar="NAME", help="only this one"
    )
    options.add_argument("--quick", action="store_true", help="short versions of some cases, as CI runs them")
    options.add_argument("--list", action="store_true", help="print the cases, and run none")
    options.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    chosen = options.parse_args(arguments)
    if chosen.list:
        for each in CASES.values():
            say(f"{each.name:26} {'quick ' if each.quick else '      '} {each.stimulus}")
        return 0
    some = [each for each in CASES.values() if selected(each, chosen.case, chosen.quick)]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return run_all(some, quick=chosen.quick, write=chosen.write)


def selected(case: Case, names: list[str] | None, quick: bool) -> bool:
    return case.name in names if names else case.quick or not quick


def run_all(some: list[Case], *, quick: bool, write: bool) -> int:
    started, interrupted = time.monotonic(), False
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="wxlogin-torture-") as directory, ExitStack() as exit_stack:
        home = Path(directory)
        # The servers run as users of their own.
        home.chmod(0o755)
        stack = Stack(home, exit_stack)
        try:
            for row in run_each(some, stack, quick):
                rows.append(row)
        except KeyboardInterrupt:
            interrupted = True
            say("stopped; the cases so far:")
            # A server may be frozen or dead, and is asked for its version.
            stack.revive()
        say("\n" + report.text_table(rows))
        machine = report.machine(stack.versions())
    say(f"\n{time.monotonic() - started:.0f} s, {machine}")
    if interrupted:
        return INTERRUPTED
    if write:
        report.write_documents(rows, machine)
    return report.exit_status(rows)


def run_each(some: list[Case], stack: Stack, quick: bool) -> Iterator[Row]:
    for case in some:
        for scheme in case.databases[:1] if quick else case.databases:
            started = time.monotonic()
            row = run_one(case, scheme, stack, quick)
            say(
                f"{time.monotonic() - started:5.0f} s  {'FAILED' if row.ledger.failed else 'ok':6}  {row.ledger.case}"
            )
            yield row


def run_one(case: Case, scheme: str, stack: Stack, quick: bool) -> Row:
    ledger = Ledger(case.name, case.stimulus, case.deadline)
    try:
        database = stack.database(scheme)
        if len(case.databases) > 1:
            ledger.case = f"{case.name} ({database.name})"
        stack.revive()
        database.empty()
        stack.redis.client().flushall()
        case.run(Run(case, stack, database, ledger, quick))
    except CannotRun as exc:
        ledger.not_run = str(exc)
    # A case that breaks must not hide the others.
    except Exception as exc:  # noqa: BLE001
        traceback.print_exc()
        ledger.surprise(f"the case broke: {type(exc).__name__}: {str(exc)[:200]}")
    return Row(ledger, case.stimulus_zh)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
