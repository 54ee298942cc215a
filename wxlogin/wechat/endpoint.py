"""The limits that all calls of one path share. A path that hangs costs the other paths nothing."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from wxlogin.secret import Secret

from .breaker import Breaker, BreakerState, Opening
from .connections import UpstreamCall
from .errors import BadResponse, NotSent, TooManyInFlight, WeChatError, WeChatTimeout
from .probes import Probes
from .slots import PATIENCE, Slots

# The body of an answer, or what went wrong.
Outcome = Secret[bytes] | WeChatError
# A request of this path, run in this thread until its call's deadline.
Fetch = Callable[[UpstreamCall], Outcome]
Report = Callable[[str, BreakerState], object]


class Limits(NamedTuple):
    """The limits of each path. ``deadline`` and ``breaker_pause`` are in seconds."""

    deadline: float = 5.0
    concurrency: int = 6
    breaker_failures: int = 5
    breaker_pause: float = 5.0


class Endpoint:
    """The slots, the worker threads and the breaker of one path.

    ``probe`` asks the path without parameters: WeChat answers with an errcode, and nothing secret is sent.
    ``report`` gets the breaker's state while that is open, again and again, and once after it has closed.
    """

    def __init__(self, path: str, limits: Limits, probe: Fetch, report: Report) -> None:
        self._path = path
        self._deadline = limits.deadline
        self._probe = probe
        self._probes = Probes(limits.deadline, self._run_probe, lambda: report(path, self.breaker.state))
        self.breaker = Breaker(path, limits.breaker_failures, limits.breaker_pause, self._probe_until_over)
        self._slots = Slots(limits.concurrency, limits.deadline * PATIENCE, lambda: self.breaker.is_open)
        self._workers = ThreadPoolExecutor(limits.concurrency, thread_name_prefix="wxlogin-wechat")

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Guard one call with all its attempts: refuse it while the breaker is open, and count its failure."""
        self.breaker.raise_if_open()
        started = time.monotonic()
        try:
            yield
        except (NotSent, WeChatTimeout) as exc:
            # Errors of another path, that of the access_token, are counted there. A call that had little time left
            # says little about WeChat.
            had_time = isinstance(exc, NotSent) or time.monotonic() - started >= self._deadline / 2
            if exc.path == self._path and had_time:
                self.breaker.count_failure(started)
            raise

    def ask(self, fetch: Fetch, until: float) -> Outcome:
        """Run ``fetch`` in a worker thread and return its outcome, at ``until`` at the latest."""
        slot = self._slots.take(until=until)
        if slot is None:
            self.breaker.raise_if_open()
            return TooManyInFlight(self._path, "too many calls in flight")
        call = UpstreamCall(until)
        future: Future[Outcome] = Future()
        try:
            self._workers.submit(self._work, future, slot, call, fetch)
        except RuntimeError:
            # No thread can be started. The executor has queued the call all the same, so an older thread may run it
            # already. If none does, none may run it later: its code would be used up although nobody waits.
            if future.cancel():
                self._slots.give_back(slot, is_answered=False)
                return NotSent(self._path, "no thread")
        try:
            return future.result(timeout=max(0.0, call.remaining))
        except TimeoutError:
            call.abort()
        return WeChatTimeout(self._path)

    def _work(self, future: Future[Outcome], slot: float, call: UpstreamCall, fetch: Fetch) -> None:
        """Run the call in a worker thread and set its outcome, unless ``future`` is cancelled."""
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(self._run_in_slot(slot, call, fetch))
        # The caller gets the exception.
        except Exception as exc:  # noqa: BLE001
            future.set_exception(exc)

    def _run_in_slot(self, slot: float, call: UpstreamCall, fetch: Fetch) -> Outcome:
        """Run the call, and give its slot back when it has ended.

        The slot stays taken if the caller stops waiting, since the worker is still busy.
        """
        is_answered = False
        try:
            outcome = fetch(call)
            is_answered = _is_answer(outcome)
            return outcome
        finally:
            self._slots.give_back(slot, is_answered=is_answered)
            if is_answered:
                self.breaker.count_answer()

    def _probe_until_over(self, opening: Opening) -> None:
        self._slots.wake()
        self._probes.run(opening)

    def _run_probe(self, call: UpstreamCall) -> None:
        if _is_answer(self._probe(call)):
            self.breaker.count_answer()


def _is_answer(outcome: Outcome) -> bool:
    """True for any HTTP answer. A reset connection is none, but it is no failure of the breaker either."""
    return isinstance(outcome, Secret | BadResponse)
