import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from wxlogin.wechat.slots import Slots


def soon() -> float:
    return time.monotonic() + 5


def test_a_burst_waits_its_turn_and_never_exceeds_the_limit() -> None:
    slots, lock = Slots(3, patience=2), threading.Lock()
    running, most = 0, 0

    def call(_: int) -> bool:
        nonlocal running, most
        slot = slots.take(until=soon())
        if slot is None:
            return False
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        slots.give_back(slot)
        return True

    with ThreadPoolExecutor(24) as pool:
        served = list(pool.map(call, range(24)))

    assert all(served)
    assert most == 3


def test_who_waits_longest_is_next(pool: ThreadPoolExecutor) -> None:
    slots = Slots(1, patience=2)
    slot, served = slots.take(until=soon()), []

    def call(number: int) -> None:
        taken = slots.take(until=soon())
        served.append(number)
        slots.give_back(taken)  # type: ignore[arg-type]

    waiting = [_in_queue(slots, pool, lambda number=number: call(number)) for number in range(8)]
    slots.give_back(slot)  # type: ignore[arg-type]
    for future in waiting:
        future.result()

    assert served == list(range(8))


def test_nobody_joins_the_queue_of_a_wechat_that_is_silent() -> None:
    slots = Slots(1, patience=0.2)
    slots.take(until=soon())
    time.sleep(0.25)
    before = time.monotonic()

    refused = slots.take(until=soon())

    assert refused is None
    assert time.monotonic() - before < 0.1


def test_answers_that_take_longer_than_the_patience_keep_the_queue_open(pool: ThreadPoolExecutor) -> None:
    slots = Slots(1, patience=0.05)
    first = slots.take(until=soon())
    time.sleep(0.3)
    slots.give_back(first)  # type: ignore[arg-type]
    second = slots.take(until=soon())
    time.sleep(0.2)

    waiting = _in_queue(slots, pool, lambda: slots.take(until=soon()))
    slots.give_back(second)  # type: ignore[arg-type]

    assert waiting.result() is not None


def test_calls_without_an_answer_do_not_keep_the_queue_open() -> None:
    slots = Slots(1, patience=0.05)
    first = slots.take(until=soon())
    time.sleep(0.3)
    slots.give_back(first, is_answered=False)  # type: ignore[arg-type]
    slots.take(until=soon())
    time.sleep(0.1)

    assert slots.take(until=soon()) is None


def test_waiting_ends_when_an_answer_as_slow_would_come_too_late() -> None:
    slots = Slots(1, patience=5)
    before = time.monotonic()
    slots.take(until=before + 1)

    refused = slots.take(until=before + 0.6)

    assert refused is None
    assert 0.25 < time.monotonic() - before < 0.55


def test_all_leave_the_queue_when_calls_are_refused(pool: ThreadPoolExecutor) -> None:
    is_refused = threading.Event()
    slots = Slots(1, patience=5, is_refused=is_refused.is_set)
    slots.take(until=soon())
    waiting = [_in_queue(slots, pool, lambda: slots.take(until=soon())) for _ in range(3)]

    is_refused.set()
    slots.wake()

    assert [future.result(timeout=1) for future in waiting] == [None] * 3


def test_a_slot_that_came_back_is_free_again() -> None:
    slots = Slots(1, patience=0.05)
    slots.give_back(slots.take(until=soon()))  # type: ignore[arg-type]

    assert slots.take(until=soon()) is not None


@pytest.fixture
def pool() -> ThreadPoolExecutor:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def _in_queue(slots: Slots, pool: ThreadPoolExecutor, call: Callable[[], object]) -> "Future[object]":
    """Start ``call`` and return when it waits in the queue."""
    length = len(slots._queue)
    future = pool.submit(call)
    until = soon()
    while len(slots._queue) == length:
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.002)
    return future
