"""Processes are killed and restarted while people use the service."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from tests.upgrades.history import History, LeftOut

from ..balancer import Balancer
from ..crowd import crowd
from ..processes import ROOT, CannotRun
from ..registry import BOTH, case
from ..stack import Group, Run
from ..verify import verify

SETTLED = 2.0  # seconds


@case(
    "workers-killed",
    "A random gunicorn worker is killed (SIGKILL) each 0.7 s, ten times",
    "每 0.7 秒随机杀死一个 gunicorn 工作进程，共十次",
    databases=BOTH,
    quick=True,
)
def workers_killed(run: Run) -> None:
    chance = random.Random(13)  # noqa: S311
    with run.group(4) as group:
        with crowd(lambda name: run.person(group.port, name)):
            # Calls on a killed worker's connections break, and nobody can know what became of them.
            with run.ledger.allowing(connections_may_break=True):
                for _ in range(10):
                    time.sleep(0.7)
                    if workers := group.worker_pids():
                        with suppress(ProcessLookupError):
                            os.kill(chance.choice(workers), signal.SIGKILL)
                time.sleep(SETTLED)
            time.sleep(SETTLED)
        run.ledger.require(len(group.worker_pids()) == group.workers, "a worker wasn't replaced")
        verify(run.ledger, run.database)


Start = Callable[[], Group]


def through_balancer(
    run: Run, story: Callable[[list[Group], Balancer, Start], Any], root: Path = ROOT
) -> None:
    """Serve two groups of the code below ``root`` behind a balancer, and let people use them while ``story`` runs.

    The third argument of ``story`` starts a group of this version.
    """
    with ExitStack() as stack:
        groups = [stack.enter_context(run.group(2, root=root)) for _ in range(2)]
        balancer = stack.enter_context(Balancer([group.port for group in groups]))
        with crowd(lambda name: run.person(balancer.port, name), phones=16):
            time.sleep(1)
            story(groups, balancer, lambda: stack.enter_context(run.group(2)))
            time.sleep(SETTLED)
        verify(run.ledger, run.database)


def replace(group: Group, balancer: Balancer, start: Start) -> None:
    """Put a new group in the place of ``group``, which is drained and stopped."""
    fresh = start()
    balancer.ports = [port for port in balancer.ports if port != group.port] + [fresh.port]
    # Calls that were dealt before may run on; then gunicorn waits for them too.
    time.sleep(0.5)
    group.process.stop(signal.SIGTERM)


@case(
    "group-killed",
    "One of two groups behind a balancer is killed (SIGKILL), then replaced",
    "负载均衡后的两组进程之一被 SIGKILL 杀死，随后由新的一组替换",
)
def group_killed(run: Run) -> None:
    def kill(groups: list[Group], balancer: Balancer, start: Start) -> None:
        # Only the connections of the killed group break.
        with run.ledger.allowing(connections_may_break=True):
            groups[0].process.kill()
            time.sleep(1)
        time.sleep(2)
        balancer.ports = [groups[1].port, start().port]

    through_balancer(run, kill)


@case(
    "groups-restarted",
    "Two groups behind a balancer: HUP to each, then each is drained, stopped and replaced (rolling restart)",
    "负载均衡后的两组进程：依次发送 HUP，然后逐组摘除、停止并替换（滚动重启）",
)
def groups_restarted(run: Run) -> None:
    def restart(groups: list[Group], balancer: Balancer, start: Start) -> None:
        for group in groups:
            group.process.send(signal.SIGHUP)
            time.sleep(4)
        for group in groups:
            replace(group, balancer, start)

    through_balancer(run, restart)


@case(
    "rolling-upgrade",
    "Two groups of the version before behind a balancer: the database is migrated, then each is replaced by this version",
    "负载均衡后的两组上一版本进程：先迁移数据库，再逐组替换为当前版本（滚动升级）",
    databases=BOTH,
)
def rolling_upgrade(run: Run) -> None:
    def upgrade(groups: list[Group], balancer: Balancer, start: Start) -> None:
        started = time.monotonic()
        run.stack.manage(run.database, "migrate", "--verbosity=0")
        run.ledger.show(f"{run.database.name}: migrated in {time.monotonic() - started:.1f} s")
        time.sleep(SETTLED)
        for group in groups:
            replace(group, balancer, start)
            time.sleep(SETTLED)

    before = version_before(run.stack.home / "before")
    try:
        run.database.recreate()
        run.stack.manage(run.database, "migrate", "--verbosity=0", root=before)
        through_balancer(run, upgrade, root=before)
    finally:
        # Other cases need this version's tables.
        run.database.recreate()
        run.stack.manage(run.database, "migrate", "--verbosity=0")


def version_before(folder: Path) -> Path:
    """Return the folder with the code of the version before. Raise ``CannotRun`` if its history isn't here."""
    history = History()
    try:
        return folder if folder.exists() else history.export(history.version_before(), folder)
    except LeftOut as reason:
        raise CannotRun(str(reason)) from None
