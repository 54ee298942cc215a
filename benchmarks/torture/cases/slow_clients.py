"""Clients that send a byte now and then."""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..clients import Person
from ..nginx import nginx
from ..registry import case
from ..stack import Run
from ..verify import verify

DRIPPING, EVERY = 200, 3.0
# Other calls may take this many times as long.
SLOWED = 2.0
HEAD = (
    b"POST /api/wechat/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
)


@case(
    "slow-clients",
    f"{DRIPPING} connections send a byte of a body every {EVERY:g} s, through nginx as deploy/nginx.conf sets it up",
    f"{DRIPPING} 个连接每 {EVERY:g} 秒只发送请求体的一个字节，经过按 deploy/nginx.conf 配置的 nginx",
)
def slow_clients(run: Run) -> None:
    folder = run.stack.home / f"nginx-{next(run.stack.numbers)}"
    with run.group(2, WXLOGIN_TRUSTED_PROXIES="1") as group, nginx(folder, group.port) as port:
        (person,) = run.logged_in(port, 1)
        quiet = measure(person, 4)
        with dripping(port):
            time.sleep(1)
            meanwhile = measure(person, 10)
            run.logged_in(port, 3, "late")
        run.ledger.show(
            f"median of other calls: {1000 * quiet:.0f} ms without them, {1000 * meanwhile:.0f} ms with them"
        )
        run.ledger.require(meanwhile <= SLOWED * quiet, "other calls are slowed down")
        verify(run.ledger, run.database)


def measure(person: Person, seconds: float) -> float:
    """Return the median time of ``me/`` and ``token/refresh/``."""
    end, times = time.monotonic() + seconds, []
    while time.monotonic() < end:
        times += [person.look().seconds, person.renew().seconds]
        time.sleep(0.02)
    return statistics.median(times)


@contextmanager
def dripping(port: int) -> Iterator[None]:
    """Hold connections open that send a login's body one byte at a time, each from an address of its own."""
    stopped = threading.Event()
    connections = [open_one(port, f"127.0.1.{number + 1}") for number in range(DRIPPING)]

    def drip() -> None:
        while not stopped.wait(EVERY):
            for connection in connections:
                with suppress(OSError):
                    connection.sendall(b" ")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        for connection in connections:
            connection.close()


def open_one(port: int, source: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0))
    connection.sendall(HEAD)
    return connection
