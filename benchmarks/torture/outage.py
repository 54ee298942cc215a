"""The story that most cases share: people use the service before, during and after a fault."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from .clients import Person
from .crowd import Act, at_once, crowd, wait_for_success
from .stack import Group, Run
from .verify import verify

CALM = 1.5  # seconds of load before a fault, and after it
# A service that needs longer to answer again after the fault didn't resume by itself.
RESUMES = 6.0
# Seconds after the fault in which calls that began during it may still be refused.
AFTERMATH = 1.5


def under_load(
    run: Run,
    group: Group,
    fault: Callable[[], Any],
    *refusals: str,
    acts: Sequence[Act] = (),
    connections_may_break: bool = False,
) -> None:
    """Let people use the service before, during and after ``fault``, which returns when the fault is over.

    ``refusals``: the codes that fit the fault. ``acts``: what people do besides logging in, reading and refreshing.
    """
    ledger = run.ledger
    (early,) = run.logged_in(group.port, 1)
    with crowd(lambda name: run.person(group.port, name), acts=acts):
        time.sleep(CALM)
        with ledger.allowing(*refusals, connections_may_break=connections_may_break):
            fault()
            resumed = wait_for_success(early, 60)
            ledger.show(f"me/ is 200 again {resumed:.1f} s after the fault")
            ledger.require(resumed <= RESUMES, "the service didn't resume by itself")
            time.sleep(AFTERMATH)
        time.sleep(CALM)
    all_threads_answer(run, early, 8 * group.workers)
    verify(ledger, run.database)


def all_threads_answer(run: Run, early: Person, threads: int) -> None:
    """Require that no thread is still held: as many calls as there are threads are answered together."""
    start = time.monotonic()
    at_once([early.look] * threads)
    seconds = time.monotonic() - start
    run.ledger.show(f"then {threads} calls of me/ at once, one for each thread, take {seconds:.1f} s")
    run.ledger.require(seconds < RESUMES, "threads didn't come back")
