"""People who use the service at the same time."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from .answers import Answer
from .clients import Person

R = TypeVar("R")
# One call of a person with a login.
Act = Callable[[Person], Answer]
PAUSE = 0.03  # seconds between two calls of one phone


def at_once(calls: Sequence[Callable[[], R]]) -> list[R]:
    """Run ``calls`` in a thread each, started together, and return their results in order."""
    barrier = threading.Barrier(len(calls))

    def run(each: Callable[[], R]) -> R:
        barrier.wait()
        return each()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@contextmanager
def crowd(
    make: Callable[[str], Person], phones: int = 8, pause: float = PAUSE, acts: Sequence[Act] = ()
) -> Iterator[threading.Event]:
    """Let ``phones`` people at a time live while the block runs, each with logins, reads, refreshes and ends.

    ``make`` makes a new person of a name. ``acts``: what they do besides. Errors of a phone's thread are raised at the end.
    """
    stopped = threading.Event()
    numbers = itertools.count()

    def live(phone: int) -> None:
        chance = random.Random(phone)  # noqa: S311
        while not stopped.is_set():
            life = one_life(make(f"{phone}-{next(numbers)}"), chance, acts)
            for _ in life:
                if stopped.wait(pause):
                    return

    with ThreadPoolExecutor(phones) as pool:
        running = [pool.submit(live, phone) for phone in range(phones)]
        try:
            yield stopped
        finally:
            stopped.set()
            for each in running:
                each.result()


def one_life(person: Person, chance: random.Random, acts: Sequence[Act] = ()) -> Iterator[Answer]:
    """Log in, use the service for a while, and leave in one of several ways. Each call is one step."""
    while not (answer := person.log_in()).ok:
        yield answer
    yield answer
    for _ in range(chance.randint(2, 6)):
        yield chance.choice([Person.look, Person.look, Person.renew, *acts])(person)
        if person.login.ended:
            return
    yield chance.choice([person.log_out, person.erase, person.log_in, person.look])()


def wait_for_success(person: Person, seconds: float) -> float:
    """Call ``me/`` until it is 200, and return how long that took. The calls are not judged."""
    started = time.monotonic()
    while not person.probe().ok:
        if time.monotonic() - started > seconds:
            return float("inf")
        time.sleep(0.1)
    return time.monotonic() - started
