"""A limit on the number of concurrent calls."""

import threading
import time


class Slots:
    """A semaphore of ``limit`` slots that stops waiting when WeChat hangs.

    While WeChat answers, a burst of calls waits for free slots. Once a call has taken longer than ``patience``
    seconds, WeChat counts as hanging, and no call waits any more. A call that waits holds a thread of the server,
    and refresh, logout and the admin need threads too.
    """

    def __init__(self, limit: int, patience: float) -> None:
        self._limit = limit
        self._patience = patience
        # The times at which the slots were taken, by ``time.monotonic``, oldest first.
        self._taken: list[float] = []
        self._changed = threading.Condition()

    def take(self, *, until: float) -> float | None:
        """Take a slot and return the value that ``give_back`` needs. Return None if no slot gets free in time.

        ``until`` is by ``time.monotonic``.
        """
        with self._changed:
            while len(self._taken) >= self._limit:
                worth_waiting = min(self._taken[0] + self._patience, until) - time.monotonic()
                if worth_waiting <= 0:
                    return None
                self._changed.wait(worth_waiting)
            taken = time.monotonic()
            self._taken.append(taken)
            return taken

    def give_back(self, taken: float) -> None:
        with self._changed:
            self._taken.remove(taken)
            self._changed.notify()
