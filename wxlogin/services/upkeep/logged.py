"""Read decisions about people from lines of the log."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from wxlogin.services.decisions import Decision, is_signed

# Any format of log lines will do, JSON within JSON too, as long as a decision's text stands together.
LOOKS_LIKE_A_DECISION = re.compile(
    rf"\b(?P<text>(?P<decision>{'|'.join(Decision)}) person=(?P<person>[0-9a-f]{{12}}) at=(?P<at>[0-9T:.+-]+)"
    r"(?P<facts>(?: (?:appid|user|until|staff|items|kind|source|target)=[\w.:+%~-]+)*))"
    r"(?: mac=(?P<mac>[0-9a-f]{32}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Entry:
    """One line of the log. ``person`` is the keyed hash of an identity."""

    decision: Decision
    person: str
    at: datetime
    facts: dict[str, str]

    @property
    def until(self) -> datetime | None:
        """The end of a block."""
        return datetime.fromisoformat(self.facts["until"]) if "until" in self.facts else None

    def is_block_at(self, now: datetime) -> bool:
        """True for a block that hasn't ended, False for an unblocking."""
        return self.decision == Decision.BLOCKED and (self.until is None or now < self.until)


@dataclass(frozen=True)
class Reading:
    """The decisions, the oldest first, and the count of texts that look like one and aren't ours."""

    entries: list[Entry]
    foreign: int


def read(lines: Iterable[str], since: datetime) -> Reading:
    """Return the decisions since ``since``. A text without a valid MAC is counted and skipped: anybody can have
    one logged, and a line may be cut.
    """
    entries = []
    foreign = 0
    for line in lines:
        # A cheap test first: most lines are about something else.
        for found in LOOKS_LIKE_A_DECISION.finditer(line) if " at=" in line else ():
            if not is_signed(found["text"], found["mac"] or ""):
                foreign += 1
            elif (entry := _entry(found)).at >= since:
                entries.append(entry)
    return Reading(sorted(entries, key=lambda entry: entry.at), foreign)


def _entry(found: re.Match[str]) -> Entry:
    facts = dict(each.split("=", 1) for each in found["facts"].split())
    return Entry(
        Decision(found["decision"]),
        found["person"],
        datetime.fromisoformat(found["at"]),
        {name: unquote(value) for name, value in facts.items()},
    )
