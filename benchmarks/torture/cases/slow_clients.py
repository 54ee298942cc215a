"""Clients that send a byte now and then."""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

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
        with dripping(port) as slow:
            time.sleep(1)
            meanwhile = measure(person, 10)
            run.logged_in(port, 3, "late")
        run.ledger.show(
            f"median of other calls: {1000 * quiet:.0f} ms without them, {1000 * meanwhile:.0f} ms with them"
        )
        run.ledger.require(meanwhile <= SLOWED * quiet, "other calls are slowed down")
        run.ledger.show(f"{DRIPPING} slow connections, of which nginx closed {slow.closed}")
        # The others were measured beside all of them, so nginx has to hold them.
        run.ledger.require(not slow.closed, "nginx closed slow connections")
        verify(run.ledger, run.database)


def measure(person: Person, seconds: float) -> float:
    """Return the median time of ``me/`` and ``token/refresh/``."""
    end, times = time.monotonic() + seconds, []
    while time.monotonic() < end:
        times += [person.look().seconds, person.renew().seconds]
        time.sleep(0.02)
    return statistics.median(times)


@dataclass
class SlowClients:
    """Connections that send a login's body one byte at a time, each from an address of its own.

    ``closed``: how many the server answered or closed. They are opened again.
    """

    port: int
    closed: int = 0
    connections: dict[str, socket.socket] = field(default_factory=dict)

    def open(self, source: str) -> None:
        connection = socket.create_connection(("127.0.0.1", self.port), 10, source_address=(source, 0))
        self.connections[source] = connection
        connection.sendall(HEAD)
        # Nothing may delay the others' bytes.
        connection.setblocking(False)

    def drip(self) -> None:
        for source, connection in list(self.connections.items()):
            if not takes_a_byte(connection):
                self.closed += 1
                connection.close()
                with suppress(OSError):
                    self.open(source)

    def close(self) -> None:
        for each in self.connections.values():
            each.close()


def takes_a_byte(connection: socket.socket) -> bool:
    """Send one byte, unless the server has closed or answered a body that isn't whole."""
    with suppress(OSError):
        try:
            connection.recv(1)
        except BlockingIOError:
            connection.sendall(b" ")
            return True
    return False


@contextmanager
def dripping(port: int) -> Iterator[SlowClients]:
    stopped, clients = threading.Event(), SlowClients(port)
    for number in range(DRIPPING):
        clients.open(f"127.0.1.{number + 1}")

    def drip() -> None:
        while not stopped.wait(EVERY):
            clients.drip()

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield clients
    finally:
        stopped.set()
        thread.join()
        # What was closed since the last byte counts too.
        clients.drip()
        clients.close()
