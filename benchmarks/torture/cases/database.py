"""The database stalls, is slow, is killed, loses connections, is read-only, or has no connection to give."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ..outage import under_load
from ..processes import CannotRun
from ..proxy import FaultyProxy
from ..registry import BOTH, case
from ..stack import Run

UNAVAILABLE = "storage_unavailable"


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
        under_load(run, group, freeze, UNAVAILABLE)


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

        under_load(run, group, swallow, UNAVAILABLE)


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

        under_load(run, group, delay, UNAVAILABLE)


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
        under_load(run, group, kill, UNAVAILABLE)


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

        under_load(run, group, reset, UNAVAILABLE)


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
        under_load(run, group, refuse_writes, UNAVAILABLE)


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

        under_load(run, group, hold_all, UNAVAILABLE)


@case(
    "database-full",
    "The file system below the database's data directory is full for 5 s",
    "数据库数据目录所在的文件系统已满，持续 5 秒",
    databases=BOTH,
)
def full(run: Run) -> None:
    with small_file_system(run.stack.home / f"small-{next(run.stack.numbers)}") as folder, ExitStack() as end:
        # A server of its own, since only this one may be full.
        run.database = run.stack.new_database(run.database.scheme, folder, end)

        def fill() -> None:
            filler = (folder / "filler").open("wb", buffering=0)
            stop = time.monotonic() + 5
            while time.monotonic() < stop:
                with suppress(OSError):
                    while filler.write(b"\0" * 65536):
                        pass
                time.sleep(0.02)
            filler.truncate(0)
            filler.close()
            run.database.restart_if_it_ended()

        with run.group() as group:
            under_load(run, group, fill, UNAVAILABLE)


@contextmanager
def small_file_system(folder: Path) -> Iterator[Path]:
    """Mount a file system of 400 MB in memory. Raise ``CannotRun`` without the right to mount."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603
        raise CannotRun("only root can mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)  # noqa: S603, S607
