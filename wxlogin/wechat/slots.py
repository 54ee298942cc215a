import threading
import time


class Slots:
    """How many calls may be in flight.

    A burst waits its turn while WeChat answers. Once a call has been under way for ``patience`` seconds,
    WeChat counts as hanging and nobody waits any more: whoever waits holds a thread of the server, and
    refresh, logout and the admin need some.
    """

    def __init__(self, limit: int, patience: float) -> None:
        self._limit = limit
        self._patience = patience
        self._taken: list[float] = []  # when, oldest first
        self._changed = threading.Condition()

    def take(self, *, until: float) -> float | None:
        """A slot, by the moment it was taken; None where there is none to be had."""
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
