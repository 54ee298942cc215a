"""Processes that the run starts and stops, and the free ports that they listen on."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READY = 60  # seconds
# Lower than the ports that the system gives to outgoing connections: while a server is down, such a connection
# must not take its port.
PORTS = range(20000, 32000)


class NotReady(Exception):
    """A process ended or stayed silent when it was started. The text is the end of its log."""


class CannotRun(Exception):
    """The reason why a case can't run on this machine."""


class Process:
    """One program with its children, in a process group of its own, and its log file."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str], **options: Any) -> None:
        self._log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603  our own command line
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **options,
            )
        self.pid = self._popen.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Return when ``is_ready`` says so. Raise ``NotReady`` if the process ends or takes too long."""
        deadline = time.monotonic() + READY
        while not is_ready():
            if self._popen.poll() is not None or time.monotonic() > deadline:
                raise NotReady(self.log[-3000:])
            time.sleep(0.05)

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    def send(self, number: int) -> None:
        """Send a signal to the main process."""
        self._popen.send_signal(number)

    def family(self) -> list[int]:
        """Return the ids of the main process and its children. Children may have groups of their own."""
        return [self.pid, *children_of(self.pid)]

    def signal_all(self, number: int) -> None:
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Kill the process and its children, the parent stopped first so that it starts no new ones."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGSTOP)
            for pid in reversed(self.family()):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._popen.wait()

    def stop(self, number: int = signal.SIGTERM, patience: float = 10) -> None:
        """Ask the process to end, and kill it if it doesn't."""
        self.signal_all(signal.SIGCONT)
        with suppress(subprocess.TimeoutExpired, ProcessLookupError):
            self._popen.send_signal(number)
            self._popen.wait(patience)
        self.kill()

    def wait(self, seconds: float) -> int:
        return self._popen.wait(seconds)


def children_of(pid: int) -> list[int]:
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end meanwhile.
        with suppress(OSError):
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
            if int(parent) == pid:
                children.append(int(stat.parent.name))
    return children


def free_port() -> int:
    # A random one, since another run on this machine may look for a port at the same moment.
    for port in random.sample(PORTS, 200):  # noqa: S311
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise CannotRun(f"no free port in {PORTS}")


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
