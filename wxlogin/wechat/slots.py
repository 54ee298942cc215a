"""A limit on the number of concurrent calls."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable

# The part of the deadline that a burst waits for its first answer. More would help against a slower WeChat, but park
# more of the server's threads when WeChat begins to hang.
PATIENCE = 0.3


class Slots:
    """``limit`` slots with a queue that is patient with a slow WeChat and empty while WeChat hangs.

    A caller that waits holds a thread of the server, and refresh, logout and the admin need threads too. So a call
    joins and stays in the queue only while

    - WeChat answers: the last answer, or the start of the oldest call in flight if that is later, is at most
      ``patience`` seconds ago, or twice the time that answers took of late if that is longer. So a burst after a
      quiet time has ``patience`` seconds to wait for its first answer;
    - its own answer could come in time: the oldest call in flight hasn't run for longer than the time that is left;
    - ``is_refused`` is false, which ``wake`` makes it look at again.
    """

    def __init__(self, limit: int, patience: float, is_refused: Callable[[], bool] = lambda: False) -> None:
        self._limit = limit
        self._patience = patience
        self._is_refused = is_refused
        # The times at which the slots were taken, by ``time.monotonic``, oldest first.
        self._taken: list[float] = []
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()
        self._answered_at = -math.inf
        self._answers_took = 0.0

    def take(self, *, until: float) -> float | None:
        """Take a slot and return the value that ``give_back`` needs. Return None if waiting for one makes no sense.

        ``until`` is by ``time.monotonic``.
        """
        with self._changed:
            if not self._wait_for_turn(until):
                return None
            taken = time.monotonic()
            self._taken.append(taken)
            return taken

    def give_back(self, taken: float, *, is_answered: bool = True) -> None:
        with self._changed:
            self._taken.remove(taken)
            if is_answered:
                self._answered_at = time.monotonic()
                # The slow answers count for some time, since WeChat's answers differ.
                self._answers_took = max(self._answered_at - taken, self._answers_took * 0.9)
            self._changed.notify_all()

    def wake(self) -> None:
        """Let the waiting calls ask ``is_refused`` again."""
        with self._changed:
            self._changed.notify_all()

    def _wait_for_turn(self, until: float) -> bool:
        """Wait for a free slot, first come first served. Return False if the call should not wait any longer."""
        ticket = object()
        self._queue.append(ticket)
        try:
            while len(self._taken) >= self._limit or self._queue[0] is not ticket:
                worth_waiting = self._worth_waiting(until)
                if worth_waiting <= 0 or self._is_refused():
                    return False
                self._changed.wait(worth_waiting)
            return True
        finally:
            self._queue.remove(ticket)
            # The next one in the queue may find a free slot.
            self._changed.notify_all()

    def _worth_waiting(self, until: float) -> float:
        """Return the number of seconds for which it makes sense to wait. Not more than 0 if it makes none."""
        now = time.monotonic()
        oldest = self._taken[0] if self._taken else now
        patience = max(self._patience, 2 * self._answers_took)
        return min(max(oldest, self._answered_at) + patience, (oldest + until) / 2) - now
