"""Background calls that find out when WeChat answers again."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from .breaker import Opening
from .connections import UpstreamCall

# A path has at most this many probes in flight.
MAX_IN_FLIGHT = 10
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
        """``ask`` runs one probe. ``report`` is called at the beginning, at each interval and at the end.

        A report runs in a thread of its own, and no other one begins until it has ended. So one that hangs delays no
        probe.
        """
        self._interval = max(SHORTEST_INTERVAL, deadline / MAX_IN_FLIGHT)
        self._deadline = deadline
        self._ask = ask
        self._report = report
        # Held while a report runs.
        self._reporting = threading.Lock()

    def run(self, opening: Opening) -> None:
        """Probe until ``opening`` is over. Then leave the probes that still run."""
        running: _Running = []
        self._start_report()
        while not opening.over.wait(self._interval):
            self._start_report()
            running = [(thread, call) for thread, call in running if thread.is_alive()]
            for _thread, call in running:
                if call.remaining <= 0:
                    call.abort()
            if opening.pause_left <= 0 and len(running) < MAX_IN_FLIGHT:
                running += self._start_probe()
        for _thread, call in running:
            call.abort()
        self._start_report(patience=self._interval)

    def _start_probe(self) -> _Running:
        call = UpstreamCall(time.monotonic() + self._deadline)
        thread = _start_thread("wxlogin-probe", self._ask, call)
        return [(thread, call)] if thread else []

    def _start_report(self, patience: float = 0.0) -> None:
        """Report in a thread, after waiting up to ``patience`` seconds for the report that runs now."""
        if self._reporting.acquire(timeout=patience) and not _start_thread(
            "wxlogin-report", self._run_report
        ):
            self._reporting.release()

    def _run_report(self) -> None:
        try:
            self._report()
        finally:
            self._reporting.release()


def _start_thread(name: str, target: Callable[..., object], *args: object) -> threading.Thread | None:
    """Start a thread. Return None if that can't be: while the process ends, or the machine has no thread left."""
    thread = threading.Thread(target=target, args=args, name=name, daemon=True)
    with suppress(RuntimeError):
        thread.start()
        return thread
    return None
