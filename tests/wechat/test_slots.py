import threading
import time
from concurrent.futures import ThreadPoolExecutor

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


def test_nobody_waits_for_a_call_that_hangs() -> None:
    slots = Slots(1, patience=1.0)
    slots.take(until=soon())
    time.sleep(1.05)
    before = time.monotonic()

    refused = slots.take(until=soon())

    assert refused is None
    assert time.monotonic() - before < 0.5


def test_waiting_ends_when_the_call_turns_out_to_hang() -> None:
    slots = Slots(1, patience=0.2)
    slots.take(until=soon())
    before = time.monotonic()

    refused = slots.take(until=soon())

    assert refused is None
    assert 0.1 < time.monotonic() - before < 1


def test_waiting_ends_at_the_deadline() -> None:
    slots = Slots(1, patience=5)
    slots.take(until=soon())
    before = time.monotonic()

    refused = slots.take(until=before + 0.1)

    assert refused is None
    assert time.monotonic() - before < 1


def test_a_slot_that_came_back_is_free_again() -> None:
    slots = Slots(1, patience=0.05)
    slots.give_back(slots.take(until=soon()))  # type: ignore[arg-type]

    assert slots.take(until=soon()) is not None
