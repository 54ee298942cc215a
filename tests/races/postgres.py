"""A PostgreSQL server of our own, with its data on disk, that may be killed."""

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
# Below where connections get their own end from: one that is refused must not take the port of the server that
# is down.
PORTS = range(15432, 20000)


class Cannot(Exception):
    """Why there is no server of our own on this machine."""


class Cluster:
    """One data directory, and while it runs its server."""

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
        """Returns once it answers. What makes a commit last (fsync, synchronous_commit) stays on."""
        self._server = self._start(
            "postgres", "-p", str(self._port), "-h", "127.0.0.1", "-k", str(self._directory)
        )
        until = time.monotonic() + READY
        while not self._answers():
            assert self._server.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.02)

    def kill(self) -> None:
        """-9 to all of its processes: none has the time to write anything down."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGSTOP)  # it would start new ones
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
    """Running, and gone afterwards with all its data. Raises ``Cannot``."""
    programs, user = _programs(), _user()
    # Not pytest's own directories: they are closed to other users, and too deep for the name of a socket.
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
    """A PostgreSQL child has a process group of its own, so that is no way to find it."""
    children = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # over meanwhile
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
            if int(parent) == pid:
                children.add(int(stat.parent.name))
    return children


def _programs() -> Path:
    """Debian keeps them out of PATH."""
    if not Path("/proc/self/stat").exists():
        raise Cannot("there is no /proc to find the server's processes in")
    in_path = shutil.which("initdb")
    directories = [Path(in_path).resolve().parent] if in_path else []
    directories += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for directory in directories:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise Cannot("there are no PostgreSQL server programs: neither in PATH nor in /usr/lib/postgresql/*/bin")


def _user() -> str | None:
    """Whom the server runs as; None means as ourselves. It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        subprocess.run(["/bin/true"], user="postgres", group="postgres", extra_groups=[], check=True)
    except (KeyError, OSError) as exc:
        raise Cannot(f"PostgreSQL doesn't run as root, and we can't be the user postgres: {exc}") from None
    return "postgres"


def _free_port() -> int:
    for port in PORTS:
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise Cannot(f"no port is free in {PORTS}")
