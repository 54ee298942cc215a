"""The record of one case: what the service acknowledged, what it lost, and what it should not have answered."""

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .answers import Answer

if TYPE_CHECKING:
    from .clients import Person


@dataclass(frozen=True)
class Timed:
    """One answer, with the moment at which it was asked for."""

    what: str
    asked_at: float
    answer: Answer


@dataclass
class Ledger:
    """Counts and facts of one case. ``deadline`` is the service's ``UPSTREAM_DEADLINE``; 0: no time is promised.

    Any thread may write to it.
    """

    case: str
    stimulus: str
    deadline: float = 5.0
    rounds: int = 0
    acknowledged: int = 0
    latest: float = 0.0
    lost: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    # Refusals that fit the fault.
    refused: Counter[str] = field(default_factory=Counter)
    figures: list[str] = field(default_factory=list)
    not_run: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._allowed: frozenset[str] = frozenset()
        self._connections_may_break = False
        self.people: list[Person] = []
        self.timed: list[Timed] = []

    @contextmanager
    def allowing(self, *codes: str, connections_may_break: bool = False) -> Iterator[None]:
        """Let answers with these codes pass while the block runs. All others are unexpected."""
        previous = self._allowed, self._connections_may_break
        self._allowed, self._connections_may_break = frozenset(codes), connections_may_break
        try:
            yield
        finally:
            self._allowed, self._connections_may_break = previous

    def take(self, what: str, answer: Answer, *, also: Collection[str] = ()) -> Answer:
        """Count an answer. ``also``: codes that fit this one call, besides those that the case allows."""
        with self._lock:
            self.rounds += 1
            self.latest = max(self.latest, answer.seconds)
            self.timed.append(Timed(what, time.monotonic() - answer.seconds, answer))
            if answer.problem:
                self._note(f"{what}: {answer.status} {answer.code} ({answer.problem})")
            elif not answer.ok:
                self._judge(what, answer, {*self._allowed, *also})
        return answer

    def _judge(self, what: str, answer: Answer, allowed: set[str]) -> None:
        refusal = f"{answer.status or 'no answer:'} {answer.code} {answer.reason}".rstrip()
        if self._connections_may_break if answer.is_lost_connection else answer.code in allowed:
            self.refused[refusal] += 1
        else:
            self._note(f"{what}: {refusal}")

    def acknowledge(self, facts: int = 1) -> None:
        with self._lock:
            self.acknowledged += facts

    def lose(self, what: str, times: int = 1) -> None:
        with self._lock:
            if times:
                self.lost[what] += times

    def surprise(self, what: str, times: int = 1) -> None:
        """Count something that should not be, apart from an answer."""
        with self._lock:
            if times:
                self.unexpected[what] += times

    def require(self, truth: bool, otherwise: str) -> None:
        """Count ``otherwise`` as unexpected unless ``truth``."""
        if not truth:
            self.surprise(otherwise)

    def show(self, figure: str) -> None:
        """Print a figure below the table."""
        self.figures.append(figure)

    def add(self, person: "Person") -> None:
        with self._lock:
            self.people.append(person)

    def since(self, start: float, end: float = float("inf")) -> list[Timed]:
        """Return the answers that were asked for between two times of ``time.monotonic``."""
        with self._lock:
            return [each for each in self.timed if start <= each.asked_at < end]

    @property
    def is_late(self) -> bool:
        return bool(self.deadline) and self.latest > 2 * self.deadline

    @property
    def failed(self) -> bool:
        return bool(self.lost or self.unexpected or self.is_late)

    def _note(self, what: str) -> None:
        self.unexpected[what] += 1
