import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from wxlogin.models.clock import database_time
from wxlogin.services.upkeep import logged, redoing, restoring

SHOWN = ("user", "until", "items", "kind", "source", "target")
NEW_SIGNING_KEY = """\
Now replace the key that signs the tokens, on all servers, before people log in:
  Set SIMPLE_JWT["SIGNING_KEY"] to a new random value, and empty WXLOGIN["SIGNING_KEY_FALLBACKS"].
  Don't list the old key there: primary keys of users are given out again, and a view that knows only Simple JWT
  would take a token from before the restore for the new user of that primary key.
  Leave SECRET_KEY as it is: the hashes in the log and the derived encryption keys depend on it."""
NEW_KEY_PAIR = """\
Now replace the key pair that signs the tokens (SIGNING_KEY and VERIFYING_KEY, or what JWK_URL serves), on all servers,
before people log in. Primary keys of users are given out again, and a view that knows only Simple JWT would take a
token from before the restore for the new user of that primary key."""
NO_LOG = """\
What was decided about people after the dump stands only in the log of logger wxlogin. Run this again with
--log FILE to list what to redo, and with --log FILE --redo to redo it."""

NO_DECISIONS = """\
No decision in it. If people were erased or blocked since the dump, this is the wrong log, it is compressed, or logger
wxlogin doesn't log at INFO."""


class Command(BaseCommand):
    help = (
        "Run this after the restore of an older database: it ends the sessions that the dump holds open. With --log "
        "it also lists the decisions about people that the dump lacks, and with --redo it redoes them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dump-time", required=True, help="when the dump began, such as 2026-11-27T03:00:00+08:00"
        )
        parser.add_argument("--log", metavar="FILE", help="log lines since the dump; - is standard input")
        parser.add_argument(
            "--redo",
            action="store_true",
            help="redo what the log tells: erasures, blocks, unblocks, disabled accounts, withdrawn consents",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="change nothing, only say what would change"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        dump_time = _past_time(options["dump_time"])
        if options["redo"] and not options["log"]:
            raise CommandError("--redo needs --log")
        is_dry = options["dry_run"]
        may_redo = options["redo"] and not is_dry
        tasks = []
        if options["log"]:
            # First, so that a log that can't be read changes nothing.
            with _lines(options["log"]) as lines:
                # An erasure that was in progress when the dump began is older than the dump, and not in it.
                reading = logged.read(lines, dump_time - restoring.MARGIN)
            tasks = redoing.find_tasks(reading.entries, is_redone=restoring.is_redone(dump_time))
        self._show_closed(restoring.find_open(dump_time) if is_dry else restoring.close(dump_time), is_dry)
        if options["log"]:
            self._show_reading(reading, len(tasks))
        else:
            self.stdout.write(NO_LOG)
        problems = sum(self._do(task, may_redo=may_redo) for task in tasks)
        if may_redo and not problems:
            restoring.note_redone(dump_time)
        self.stdout.write(NEW_KEY_PAIR if restoring.has_key_pair() else NEW_SIGNING_KEY)
        if problems:
            raise CommandError(f"not redone: {problems}. Run this again.")

    def _show_closed(self, closed: restoring.Closed, is_dry: bool) -> None:
        would = "would be " if is_dry else ""
        self.stdout.write(f"login sessions {would}ended: {closed.sessions}")
        self.stdout.write(f"session keys {would}dropped: {closed.session_keys}")
        if closed.later:
            self.stdout.write(
                f"login sessions that began later and stay open: {closed.later}. If nobody has logged in since "
                "the restore, the dump is newer than --dump-time: give its real time."
            )

    def _show_reading(self, reading: logged.Reading, to_redo: int) -> None:
        count = len(reading.entries)
        self.stdout.write(f"decisions in the log since the dump: {count}, to redo: {to_redo}")
        if reading.foreign:
            self.stdout.write(
                f"lines that look like decisions and aren't ours: {reading.foreign}. They are cut, forged, or from "
                "before a change of SECRET_KEY that SECRET_KEY_FALLBACKS doesn't list."
            )
        if not reading.entries:
            self.stdout.write(NO_DECISIONS)

    def _do(self, task: redoing.Task, *, may_redo: bool) -> bool:
        """Redo a task or list it. True if there was a problem."""
        problem = task.run() if may_redo else ""
        state = "to redo" if task.redo else "to do by hand"
        if may_redo and task.redo:
            state = f"FAILED, {problem}" if problem else "redone"
        entry = task.entry
        identity = f"WeChat user {task.identity}" if task.identity else "nobody in this database"
        facts = "".join(f" {name}={entry.facts[name]}" for name in SHOWN if name in entry.facts)
        remark = f" ({task.remark})" if task.remark else ""
        self.stdout.write(
            f"{entry.at:%Y-%m-%dT%H:%M:%SZ} {entry.decision} person={entry.person}{facts}: {identity}: {state}{remark}"
        )
        return bool(problem)


def _past_time(text: str) -> datetime:
    """Return the time that ``text`` means. Raises ``CommandError`` unless it is in the past and has a zone."""
    try:
        moment = parse_datetime(text)
        # Of the first and the last years, some times are none in UTC.
        moment = moment.astimezone(UTC) if moment and moment.tzinfo else moment
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise CommandError("--dump-time is no ISO 8601 time: write it as 2026-11-27T03:00:00+08:00")
    if moment.tzinfo is None:
        raise CommandError("--dump-time has no time zone: append Z for UTC, or an offset such as +08:00")
    if moment > database_time():
        raise CommandError("--dump-time is in the future")
    return moment


@contextmanager
def _lines(name: str) -> Iterator[Iterable[str]]:
    """Open the log. Raises ``CommandError`` if it can't be read."""
    if name == "-":
        yield io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
        return
    try:
        with Path(name).open(encoding="utf-8", errors="replace") as file:
            yield file
    except OSError as exc:
        raise CommandError(f"the log can't be read: {exc.strerror}") from None
