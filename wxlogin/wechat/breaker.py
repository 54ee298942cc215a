"""A circuit breaker: while WeChat doesn't answer, calls are refused at once."""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .errors import BreakerOpen

logger = logging.getLogger("wxlogin")


@dataclass(frozen=True)
class BreakerState:
    """The state of a breaker. ``failures`` is their number in a row; ``since`` is a ``time.time``, 0 if closed."""

    name: Literal["closed", "open", "probing"]
    failures: int
    since: float = 0.0


class Opening:
    """A period during which a breaker is open. ``over`` is set when it closes."""

    def __init__(self, pause: float) -> None:
        self.since = time.time()
        self._pause_until = time.monotonic() + pause
        self.over = threading.Event()

    @property
    def pause_left(self) -> float:
        return self._pause_until - time.monotonic()


class Breaker:
    """The breaker of one path. It opens after ``limit`` failures in a row, and the first answer closes it.

    It refuses all calls for ``pause`` seconds. Then probes begin, in the background, and it still refuses calls: a
    real call as a probe would cost a person up to a deadline of waiting, and their code. ``probe`` runs in a thread
    and returns when the opening is over.

    Each path has a breaker of its own, since one may hang while the others answer. A hanging getuserphonenumber
    must not stop logins, and logins that succeed must not hide that it hangs.

    A ``limit`` of 0 means that the breaker never opens.
    """

    def __init__(self, path: str, limit: int, pause: float, probe: Callable[[Opening], object]) -> None:
        self._path = path
        self._limit = limit
        self._pause = pause
        self._probe = probe
        self._lock = threading.Lock()
        self._failures = 0
        self._opening: Opening | None = None
        self._closed_at = -math.inf

    @property
    def is_open(self) -> bool:
        return self._opening is not None

    @property
    def state(self) -> BreakerState:
        with self._lock:
            failures, opening = self._failures, self._opening
        if not opening:
            return BreakerState("closed", failures)
        return BreakerState("open" if opening.pause_left > 0 else "probing", failures, opening.since)

    def raise_if_open(self) -> None:
        """Raise ``BreakerOpen`` if the breaker is open."""
        if opening := self._opening:
            raise BreakerOpen(self._path, retry_after=max(1, math.ceil(opening.pause_left)))

    def count_failure(self, started: float) -> None:
        """Count a call without an answer. Open the breaker if there have been too many in a row.

        ``started`` is the call's start by ``time.monotonic``. A call that began before the breaker last closed
        isn't counted: it says nothing about WeChat since then.
        """
        with self._lock:
            if started < self._closed_at:
                return
            self._failures += 1
            if self._opening or not self._limit or self._failures < self._limit:
                return
            opening = self._opening = Opening(self._pause)
        logger.warning("breaker open path=%s failures=%d", self._path, self._limit)
        try:
            threading.Thread(
                target=self._run_probes, args=[opening], name="wxlogin-probes", daemon=True
            ).start()
        except RuntimeError:
            # No thread is left, so nobody would notice that WeChat answers again.
            self._close()

    def count_answer(self) -> None:
        """Begin to count anew, and close the breaker if it is open."""
        # Every answered call comes here. It needs no lock if there is nothing to do.
        if self._failures or self._opening:
            self._close()

    def _close(self) -> None:
        with self._lock:
            opening, self._opening, self._failures = self._opening, None, 0
            if opening:
                self._closed_at = time.monotonic()
        if opening:
            opening.over.set()
            logger.warning("breaker closed path=%s seconds=%d", self._path, time.time() - opening.since)

    def _run_probes(self, opening: Opening) -> None:
        try:
            self._probe(opening)
        finally:
            # If the probes fail, a breaker that stays open for ever would be worse than none.
            if not opening.over.is_set():
                self._close()
