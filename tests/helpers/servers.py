"""Servers that a test starts on a port of loopback, and ends again."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def running(command: list[str], port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server until the block ends. The block begins once the server listens."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_for(lambda: is_listening(port))
        yield server
    finally:
        server.terminate()
        server.wait(10)


def wait_for(condition: Callable[[], bool], within: float = 10) -> None:
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
