"""Servers of the run's own, which a case may stop, kill and break. The databases are in ``databases.py``."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import redis

from .processes import CannotRun, NotReady, Process, accepts, free_port

PLAIN_ENV = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}


class Server:
    """A server in a process of its own, with its data in a folder."""

    name: ClassVar[str]
    scheme: ClassVar[str]
    system_user: ClassVar[str] = ""

    def __init__(self, home: Path) -> None:
        self.home = home / self.scheme
        self.home.mkdir(exist_ok=True)
        self.port = free_port()
        self.process: Process | None = None
        self._as_user = _as_user(self.system_user, self.home)

    def start(self) -> None:
        self.process = Process(self.command(), self.home / "log", PLAIN_ENV, **self._as_user)
        self.process.wait_until(self.answers)

    def stop(self) -> None:
        if self.process:
            self.process.stop(signal.SIGINT)
            self.process = None

    def kill(self) -> None:
        """Kill all processes of the server with SIGKILL, so that none has the time to write anything."""
        if self.process:
            self.process.kill()
            self.process = None

    def restart_if_it_ended(self) -> None:
        if self.process is None or not self.process.is_running:
            self.start()

    def freeze(self) -> None:
        assert self.process
        self.process.signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process
        self.process.signal_all(signal.SIGCONT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        return accepts(self.port)

    def version(self) -> str:
        raise NotImplementedError


class Redis(Server):
    name, scheme = "Redis", "redis"

    def url(self, port: int | None = None) -> str:
        return f"redis://127.0.0.1:{port or self.port}/0"

    def command(self) -> list[str]:
        if not shutil.which("redis-server"):
            raise CannotRun("there is no redis-server")
        return [
            *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
            *("--appendonly", "no", "--dir", str(self.home)),
        ]

    def answers(self) -> bool:
        with suppress(redis.RedisError):
            return bool(self.client().ping())
        return False

    def client(self) -> Any:
        return redis.Redis(port=self.port, socket_timeout=10)

    def version(self) -> str:
        return str(self.client().info()["redis_version"])


def _as_user(name: str, home: Path) -> dict[str, Any]:
    """Return the options with which a process runs as this user, for a server that refuses to run as root."""
    if not name or os.geteuid() != 0:
        return {"cwd": home}
    try:
        shutil.chown(home, name, name)
    except LookupError:
        raise CannotRun(f"there is no user {name}, and the server refuses to run as root") from None
    return {"cwd": home, "user": name, "group": name, "extra_groups": []}


def run_program(command: list[str], **options: Any) -> bytes:
    done = subprocess.run(  # noqa: S603  our own command line
        command, env=PLAIN_ENV, capture_output=True, check=False, **options
    )
    if done.returncode:
        raise NotReady(f"{command[0]}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout
