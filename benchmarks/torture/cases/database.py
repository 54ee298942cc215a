"""The database stalls, is slow, is killed, loses connections, is read-only, or has no connection to give."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..clients import Person
from ..crowd import at_once, crowd, wait_for_success
from ..proxy import FaultyProxy
from ..registry import BOTH, case
from ..stack import Group, Run
from ..verify import verify

UNAVAILABLE = "storage_unavailable"
CALM = 1.5  # seconds of load before a fault, and after it
# A service that needs longer to answer again after the fault didn't resume by itself.
RESUMES = 6.0


def under_load(run: Run, group: Group, fault: Callable[[], Any]) -> None:
    """Let people use the service before, during and after ``fault``, which returns when the fault is over."""
    (early,) = run.logged_in(group.port, 1)
    with crowd(lambda name: person(run, group, name)):
        time.sleep(CALM)
        with run.ledger.allowing(UNAVAILABLE):
            fault()
            resumed = wait_for_success(early, 60)
        run.ledger.show(f"me/ is 200 again {resumed:.1f} s after the fault")
        run.ledger.require(resumed <= RESUMES, "the service didn't resume by itself")
        # What was asked for during the fault may still be refused.
        with run.ledger.allowing(UNAVAILABLE):
            time.sleep(CALM)
        time.sleep(CALM)
    all_threads_answer(run, early, 8 * group.workers)
    verify(run.ledger, run.database)


def person(run: Run, group: Group, name: str) -> Person:
    return run.person(group.port, name)


def all_threads_answer(run: Run, early: Person, threads: int) -> None:
    """Require that no thread is still held: as many calls as there are threads are answered together."""
    start = time.monotonic()
    at_once([early.look] * threads)
    seconds = time.monotonic() - start
    run.ledger.show(f"then {threads} calls of me/ at once, one for each thread, take {seconds:.1f} s")
    run.ledger.require(seconds < RESUMES, "threads didn't come back")


@case(
    "database-stalled",
    "All processes of the database are stopped (SIGSTOP) for 12 s, with warm connections",
    "数据库的所有进程被 SIGSTOP 冻结 12 秒，连接已建立",
    databases=BOTH,
    quick=True,
)
def stalled(run: Run) -> None:
    def freeze() -> None:
        with run.database.frozen():
            time.sleep(12)

    with run.group() as group:
        under_load(run, group, freeze)


@case(
    "database-swallowed",
    "The network to the database swallows all packets for 12 s, with warm connections",
    "到数据库的网络吞掉所有数据包 12 秒，连接已建立",
    databases=BOTH,
)
def swallowed(run: Run) -> None:
    with FaultyProxy(run.database.port) as proxy, run.group(database_port=proxy.port) as group:

        def swallow() -> None:
            proxy.swallowing = True
            time.sleep(12)
            proxy.swallowing = False

        under_load(run, group, swallow)


@case(
    "database-slow",
    "Each packet to and from the database is 0.4 s late, for 12 s",
    "进出数据库的每个数据包都延迟 0.4 秒，持续 12 秒",
    databases=BOTH,
)
def slow(run: Run) -> None:
    with FaultyProxy(run.database.port) as proxy, run.group(database_port=proxy.port) as group:

        def delay() -> None:
            proxy.delay = 0.4
            time.sleep(12)
            proxy.delay = 0.0

        under_load(run, group, delay)


@case(
    "database-killed",
    "The database is killed (SIGKILL), stays down for 2 s and is started again",
    "数据库被 SIGKILL 杀死，停机 2 秒后重新启动",
    databases=BOTH,
)
def killed(run: Run) -> None:
    def kill() -> None:
        run.database.kill()
        time.sleep(2)
        run.database.start()

    with run.group() as group:
        under_load(run, group, kill)


@case(
    "database-cut",
    "All connections to the database are reset, ten times",
    "重置到数据库的所有连接，共十次",
    databases=BOTH,
)
def cut(run: Run) -> None:
    with FaultyProxy(run.database.port) as proxy, run.group(database_port=proxy.port) as group:

        def reset() -> None:
            for _ in range(10):
                proxy.cut()
                time.sleep(0.4)

        under_load(run, group, reset)


@case(
    "database-read-only",
    "The database is read-only for 3 s",
    "数据库只读 3 秒",
    databases=BOTH,
)
def read_only(run: Run) -> None:
    def refuse_writes() -> None:
        run.database.set_read_only(True)
        time.sleep(3)
        run.database.set_read_only(False)

    with run.group() as group:
        under_load(run, group, refuse_writes)


@case(
    "database-out-of-connections",
    "Others hold all connections that the database has, for 4 s, while the service opens new ones",
    "其他客户端占满数据库的全部连接 4 秒，同时服务要建立新连接",
    databases=BOTH,
)
def out_of_connections(run: Run) -> None:
    with FaultyProxy(run.database.port) as proxy, run.group(database_port=proxy.port) as group:

        def hold_all() -> None:
            held = []
            proxy.cut()
            end = time.monotonic() + 4
            while time.monotonic() < end:
                # Each driver has errors of its own.
                with suppress(Exception):
                    held.append(run.database.connect_idle())
                    continue
                proxy.cut()
                time.sleep(0.1)
            for connection in held:
                connection.close()

        under_load(run, group, hold_all)
