"""Everything that a case needs: the servers, the fake WeChat, and groups of gunicorn processes."""

import base64
import itertools
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .clients import Person
from .databases import Database, MariaDB, PostgreSQL
from .gunicorn_conf import READY_LINE
from .ledger import Ledger
from .processes import ROOT, Process, accepts, free_port
from .registry import Case
from .servers import Redis, Server
from .staff import StaffProcess
from .wechat import WeChatProcess

APPID, OTHER_APPID, LONE_APPID = "wx00000000000000aa", "wx00000000000000bb", "wx00000000000000cc"
APPS = {
    APPID: {"SECRET": "0a" * 16, "NAME": "First", "OPEN_PLATFORM": "group"},
    OTHER_APPID: {"SECRET": "0b" * 16, "NAME": "Second", "OPEN_PLATFORM": "group"},
    LONE_APPID: {"SECRET": "0c" * 16, "NAME": "Alone"},
}
NO_LIMIT = "1000000/min"
SECRET_KEY = "a-made-up-key-that-is-long-enough-for-everything"  # noqa: S105
ENCRYPTION_KEY = base64.b64encode(b"made up" * 4 + b"1234").decode()


@dataclass(frozen=True)
class Group:
    """The project behind one gunicorn master."""

    port: int
    process: Process
    workers: int

    def worker_pids(self) -> list[int]:
        return self.process.family()[1:]

    def threads(self) -> int:
        """Return the number of threads of all workers."""
        return sum(len(list(Path(f"/proc/{pid}/task").glob("*"))) for pid in self.worker_pids())

    def ready_workers(self) -> int:
        """Return how many workers have become ready since the start of the group."""
        return self.process.log.count(READY_LINE)


class Stack:
    """The servers that all cases share. Each is started when a case first asks for it."""

    def __init__(self, home: Path, exit_stack: ExitStack) -> None:
        self.home, self._exit_stack = home, exit_stack
        self._databases: dict[str, Database] = {}
        self._redis: Redis | None = None
        self._wechat: WeChatProcess | None = None
        self.numbers = itertools.count(1)

    def database(self, scheme: str) -> Database:
        if scheme not in self._databases:
            self._databases[scheme] = self.new_database(scheme, self.home, self._exit_stack)
        return self._databases[scheme]

    def new_database(self, scheme: str, home: Path, exit_stack: ExitStack) -> Database:
        """Start a server with its data in ``home``, and migrate the service's database."""
        kinds: list[type[Database]] = [PostgreSQL, MariaDB]
        database = next(kind for kind in kinds if kind.scheme == scheme)(home)
        exit_stack.callback(database.kill)
        database.create()
        self.manage(database, "migrate", "--verbosity=0")
        return database

    @property
    def redis(self) -> Redis:
        if self._redis is None:
            self._redis = Redis(self.home)
            self._exit_stack.callback(self._redis.kill)
            self._redis.start()
        return self._redis

    @property
    def wechat(self) -> WeChatProcess:
        if self._wechat is None:
            env = {"DJANGO_SECRET_KEY": SECRET_KEY, "WECHAT_APPS": json.dumps(APPS)}
            self._wechat = WeChatProcess(self.home / "wechat.log", APPID, {**plain_env(), **env})
            self._exit_stack.callback(self._wechat.stop)
            self._wechat.wait()
        return self._wechat

    def manage(self, database: Database, *arguments: str, root: Path = ROOT, **env: str) -> None:
        """Run a command of the ``manage.py`` below ``root`` until it ends. Raise ``RuntimeError`` if it fails."""
        process = self.start_command(database, *arguments, root=root, **env)
        try:
            if process.wait(120):
                raise RuntimeError(process.log[-3000:])
        finally:
            process.kill()

    def start_command(self, database: Database, *arguments: str, root: Path = ROOT, **env: str) -> Process:
        log = self.home / f"command-{next(self.numbers)}.log"
        command = [sys.executable, "manage.py", *arguments]
        return Process(command, log, self.env(database, PYTHONPATH=str(root), **env), cwd=root)

    def env(
        self,
        database: Database,
        *,
        database_port: int | None = None,
        cache_port: int | None = None,
        wechat_port: int | None = None,
        **more: str,
    ) -> dict[str, str]:
        """Return the environment of the project. The ports are those of proxies, if there are any."""
        return {
            **plain_env(),
            "HOME": str(self.home),
            "DJANGO_SECRET_KEY": SECRET_KEY,
            "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": database.url(database_port),
            "REDIS_URL": self.redis.url(cache_port),
            "WECHAT_APPS": json.dumps(APPS),
            "WECHAT_API_BASE": f"http://127.0.0.1:{wechat_port or self.wechat.port}",
            "WXLOGIN_ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "WXLOGIN_LOGIN_RATE": NO_LIMIT,
            "WXLOGIN_REFRESH_RATE": NO_LIMIT,
            "WXLOGIN_DATA_RATE": NO_LIMIT,
            **more,
        }

    @contextmanager
    def group(self, env: dict[str, str], workers: int, *arguments: str, root: Path = ROOT) -> Iterator[Group]:
        port = free_port()
        command = [
            *(sys.executable, "-m", "gunicorn", "project.wsgi", "--bind", f"127.0.0.1:{port}"),
            *("--config", str(ROOT / "benchmarks/torture/gunicorn_conf.py"), *arguments),
        ]
        log = self.home / f"gunicorn-{next(self.numbers)}.log"
        env = {**env, "WEB_CONCURRENCY": str(workers), "PYTHONPATH": str(root)}
        process = Process(command, log, env, cwd=root)
        group = Group(port, process, workers)
        try:
            process.wait_until(lambda: accepts(port) and group.ready_workers() >= workers)
            yield group
        finally:
            process.stop(signal.SIGQUIT, patience=2)

    def versions(self) -> dict[str, str]:
        """Return the versions of Django and of the servers that ran."""
        servers: list[Server] = [*self._databases.values(), *filter(None, [self._redis])]
        running = {server.name: server.version() for server in servers if server.process}
        return {"Django": version("django"), **running}

    def revive(self) -> None:
        """Undo what a case may have left behind."""
        for server in [*self._databases.values(), *filter(None, [self._redis])]:
            if server.process is None:
                server.start()
            server.thaw()
        for database in self._databases.values():
            database.set_read_only(False)
        if self._wechat:
            self._wechat.reset()


@dataclass
class Run:
    """One run of one case on one database: what the function of the case gets."""

    case: Case
    stack: Stack
    database: Database
    ledger: Ledger
    quick: bool

    @property
    def redis(self) -> Redis:
        return self.stack.redis

    @property
    def wechat(self) -> WeChatProcess:
        return self.stack.wechat

    @contextmanager
    def group(self, workers: int = 2, *arguments: str, root: Path = ROOT, **env: Any) -> Iterator[Group]:
        """Serve the project below ``root``. ``env``: what ``Stack.env`` takes."""
        settings = {"WXLOGIN_UPSTREAM_DEADLINE": f"{self.ledger.deadline or 5:g}", **env}
        environment = self.stack.env(self.database, **settings)
        with self.stack.group(environment, workers, *arguments, root=root) as group:
            yield group

    @contextmanager
    def staff(self) -> Iterator[StaffProcess]:
        """Start a process that does what staff do in the admin, through the same services."""
        log = self.stack.home / f"staff-{next(self.stack.numbers)}.log"
        staff = StaffProcess(log, self.stack.env(self.database))
        try:
            yield staff
        finally:
            staff.stop()

    def person(self, port: int, name: str, **options: Any) -> Person:
        return Person(self.ledger, self.wechat, port, f"o-{self.case.name}-{name}", **options)

    def logged_in(self, port: int, count: int, prefix: str = "early", **options: Any) -> list[Person]:
        """Return people with one login each."""
        people = [self.person(port, f"{prefix}-{number}", **options) for number in range(count)]
        for person in people:
            person.log_in()
        return people


def plain_env() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
