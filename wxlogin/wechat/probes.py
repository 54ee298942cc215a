"""Background calls that find out when WeChat answers again."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from .breaker import Opening
from .connections import UpstreamCall

# A path has at most this many probes in flight.
MOST = 10
# Seconds. More probes would only burden a WeChat that is in trouble.
SHORTEST_INTERVAL = 0.5

_Running = list[tuple[threading.Thread, UpstreamCall]]


class Probes:
    """Start a probe at each interval after the breaker's pause, until WeChat answers one.

    Each may take the whole ``deadline``, so that the answer of a slow WeChat counts too. The next one doesn't wait
    for it, so that the end of an outage shows within about an interval.
    """

    def __init__(
        self, deadline: float, ask: Callable[[UpstreamCall], object], report: Callable[[], object]
    ) -> None:
        """``ask`` runs one probe. ``report`` is called at the beginning, at each interval and at the end."""
        self._interval = max(SHORTEST_INTERVAL, deadline / MOST)
        self._deadline = deadline
        self._ask = ask
        self._report = report

    def run(self, opening: Opening) -> None:
        """Probe until ``opening`` is over. Then leave the probes that still run."""
        running: _Running = []
        self._report()
        while not opening.over.wait(self._interval):
            self._report()
            running = [(thread, call) for thread, call in running if thread.is_alive()]
            for _thread, call in running:
                if call.remaining <= 0:
                    call.abort()
            if opening.pause_left <= 0 and len(running) < MOST:
                running += self._start()
        for _thread, call in running:
            call.abort()
        self._report()

    def _start(self) -> _Running:
        call = UpstreamCall(time.monotonic() + self._deadline)
        thread = threading.Thread(target=self._ask, args=[call], name="wxlogin-probe", daemon=True)
        # No thread can be started while the process ends, or while the machine has none left.
        with suppress(RuntimeError):
            thread.start()
            return [(thread, call)]
        return []
