"""A PostgreSQL server of our own, with its data on disk, that a test may kill."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

READY = 30  # seconds
# Lower than the ports that the system gives to outgoing connections: while the server is down, such a connection
# must not take its port.
PORTS = range(15432, 20000)


class CannotRun(Exception):
    """The reason why this machine can't run a server of our own."""


class Cluster:
    """One data directory, and its server while that runs."""

    def __init__(self, programs: Path, directory: Path, user: str | None) -> None:
        self._programs = programs
        self._directory = directory
        self._as_user: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
        self._port = _free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgres://postgres@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        initdb = self._start("initdb", *options)
        try:
            initdb.wait(READY)
        finally:
            initdb.kill()

    def start(self) -> None:
        """Start the server, and return when it answers. A commit lasts: fsync and synchronous_commit stay on."""
        self._server = self._start(
            "postgres", "-p", str(self._port), "-h", "127.0.0.1", "-k", str(self._directory)
        )
        deadline = time.monotonic() + READY
        while not self._answers():
            assert self._server.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill all processes of the server with SIGKILL, so that none has the time to write anything."""
        if self._server is None:
            return
        # Stopped first, since it would start new processes for those that are killed.
        self._server.send_signal(signal.SIGSTOP)
        for pid in children_of(self._server.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server.kill()
        self._server.wait()
        self._server = None

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql).fetchall()

    @property
    def log(self) -> str:
        return (self._directory / "log").read_text(errors="replace")[-3000:]

    def _start(self, program: str, *args: str) -> "subprocess.Popen[bytes]":
        with (self._directory / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603  our own command line
                [self._programs / program, "-D", self._directory / "data", *args],
                cwd=self._directory,
                env={"PATH": os.environ.get("PATH", "")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._as_user,
            )

    def _answers(self) -> bool:
        try:
            return bool(self.ask("SELECT 1"))
        except psycopg.OperationalError:
            return False


@contextmanager
def new_cluster() -> Iterator[Cluster]:
    """Start a new server, and remove it with all its data at the end. Raises ``CannotRun``."""
    programs, user = _programs(), _user()
    # Not a directory of pytest: other users can't read those, and their paths are too long for a socket.
    with tempfile.TemporaryDirectory(prefix="wxlogin-") as directory:
        if user:
            shutil.chown(directory, user, user)
        cluster = Cluster(programs, Path(directory), user)
        try:
            cluster.create()
            cluster.start()
            yield cluster
        finally:
            cluster.kill()


def children_of(pid: int) -> set[int]:
    """Return the ids of the child processes. A child of PostgreSQL has a process group of its own."""
    children = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end meanwhile.
        with suppress(OSError):
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
            if int(parent) == pid:
                children.add(int(stat.parent.name))
    return children


def _programs() -> Path:
    """Return the folder of the server's programs. Debian keeps them out of ``PATH``."""
    if not Path("/proc/self/stat").exists():
        raise CannotRun("there is no /proc to find the server's processes in")
    in_path = shutil.which("initdb")
    directories = [Path(in_path).resolve().parent] if in_path else []
    directories += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for directory in directories:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise CannotRun(
        "there are no PostgreSQL server programs: neither in PATH nor in /usr/lib/postgresql/*/bin"
    )


def _user() -> str | None:
    """Return the user for the server, or None for the user of the tests. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        subprocess.run(["/bin/true"], user="postgres", group="postgres", extra_groups=[], check=True)
    except (KeyError, OSError) as exc:
        raise CannotRun(f"PostgreSQL doesn't run as root, and we can't be the user postgres: {exc}") from None
    return "postgres"


def _free_port() -> int:
    for port in PORTS:
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise CannotRun(f"no port is free in {PORTS}")
