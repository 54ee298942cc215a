"""A PostgreSQL and a MariaDB of the run's own."""

import importlib
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from .processes import READY, CannotRun, NotReady
from .servers import Server, run_program

Rows = list[tuple[Any, ...]]
# The service's own account: an administrator could write while the server is read-only.
ACCOUNT, PASSWORD = "wxlogin", "made-up"  # noqa: S105


class Database(Server):
    def url(self, port: int | None = None) -> str:
        """Return ``DATABASE_URL`` of the service, through a proxy at ``port``."""
        return f"{self.scheme}://{ACCOUNT}:{PASSWORD}@127.0.0.1:{port or self.port}/wxlogin"

    def create(self) -> None:
        """Make the data directory, start the server, and make the service's account and database."""
        raise NotImplementedError

    def recreate(self) -> None:
        """Replace the service's database by one without tables."""
        raise NotImplementedError

    def ask(self, sql: str, values: Sequence[Any] = (), database: str = "wxlogin") -> Rows:
        """Run one statement as the administrator and return its rows, in autocommit mode."""
        raise NotImplementedError

    def wait_for_answer(self) -> None:
        deadline = time.monotonic() + READY
        while not self.answers():
            if time.monotonic() > deadline:
                raise NotReady((self.home / "log").read_text()[-2000:])
            time.sleep(0.05)

    def set_read_only(self, on: bool) -> None:
        raise NotImplementedError

    def empty(self) -> None:
        """Delete what the cases before left in the service's tables."""
        raise NotImplementedError

    def connect_idle(self) -> Any:
        """Open a connection as the service does, which stays idle. Raise the driver's error if there is none."""
        raise NotImplementedError

    def dump(self) -> bytes:
        raise NotImplementedError

    def restore(self, dump: bytes) -> None:
        """Put the service's database back to a dump. Nobody may be connected to it."""
        raise NotImplementedError


class PostgreSQL(Database):
    name, scheme, system_user = "PostgreSQL", "postgres", "postgres"

    def create(self) -> None:
        run_program(
            [
                str(self._programs / "initdb"),
                *("-D", str(self.home / "data"), "--username=postgres", "--auth=trust"),
                *("--encoding=UTF8", "--no-locale"),
            ],
            **self._as_user,
        )
        self.start()
        # CREATEDB for the cases that are tests of pytest.
        self.ask(f"CREATE ROLE {ACCOUNT} LOGIN CREATEDB PASSWORD '{PASSWORD}'", database="postgres")
        self.recreate()

    def recreate(self) -> None:
        self.ask("DROP DATABASE IF EXISTS wxlogin WITH (FORCE)", database="postgres")
        self.ask(f"CREATE DATABASE wxlogin OWNER {ACCOUNT}", database="postgres")

    def command(self) -> list[str]:
        return [
            *(str(self._programs / "postgres"), "-D", str(self.home / "data"), "-p", str(self.port)),
            *("-h", "127.0.0.1", "-k", str(self.home), "-c", "max_connections=150"),
        ]

    def answers(self) -> bool:
        try:
            return bool(self.ask("SELECT 1", database="postgres"))
        except psycopg.OperationalError:
            return False

    def ask(self, sql: str, values: Sequence[Any] = (), database: str = "wxlogin") -> Rows:
        url = f"postgres://postgres@127.0.0.1:{self.port}/{database}?connect_timeout=10"
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(sql, values or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def set_read_only(self, on: bool) -> None:
        self.ask(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if on else 'off'}")
        self.ask("SELECT pg_reload_conf()")

    def empty(self) -> None:
        self.ask("TRUNCATE auth_user, wxlogin_wechatuser, wxlogin_loginsession CASCADE")

    def connect_idle(self) -> Any:
        return psycopg.connect(self.url())

    def dump(self) -> bytes:
        return run_program(
            [str(self._programs / "pg_dump"), f"postgres://postgres@127.0.0.1:{self.port}/wxlogin"]
        )

    def restore(self, dump: bytes) -> None:
        self.ask("DROP DATABASE wxlogin WITH (FORCE)", database="postgres")
        self.ask(f"CREATE DATABASE wxlogin OWNER {ACCOUNT}", database="postgres")
        url = f"postgres://postgres@127.0.0.1:{self.port}/wxlogin"
        run_program([str(self._programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", url], input=dump)

    def version(self) -> str:
        return run_program([str(self._programs / "postgres"), "--version"]).decode().split()[2]

    @property
    def _programs(self) -> Path:
        in_path = shutil.which("initdb")
        folders = [Path(in_path).resolve().parent] if in_path else []
        folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        for folder in folders:
            if (folder / "initdb").exists():
                return folder
        raise CannotRun("there are no PostgreSQL server programs")


class MariaDB(Database):
    name, scheme, system_user = "MariaDB", "mysql", "mysql"
    # One megabyte is enough for the tables of a run, and a small redo log fits on a small file system.
    options = ("--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M", "--max-connections=150")

    def create(self) -> None:
        if not shutil.which("mariadbd"):
            raise CannotRun("there is no mariadbd")
        _driver()
        user = self._as_user.get("user")
        run_program(
            [
                *("mariadb-install-db", "--no-defaults", f"--datadir={self.home / 'data'}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
                *([f"--user={user}"] if user else []),
            ],
            **self._as_user,
        )
        self.start()
        self.recreate()
        self.ask(f"CREATE USER {ACCOUNT}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'", database="mysql")
        # The second one is that of the cases that are tests of pytest.
        for name in ("wxlogin", "test_wxlogin"):
            self.ask(f"GRANT ALL ON {name}.* TO {ACCOUNT}@'127.0.0.1'", database="mysql")

    def recreate(self) -> None:
        self.ask("DROP DATABASE IF EXISTS wxlogin", database="mysql")
        self.ask("CREATE DATABASE wxlogin CHARACTER SET utf8mb4", database="mysql")

    def command(self) -> list[str]:
        return [
            *("mariadbd", "--no-defaults", f"--datadir={self.home / 'data'}", f"--port={self.port}"),
            *(
                "--bind-address=127.0.0.1",
                f"--socket={self.home / 'socket'}",
                f"--pid-file={self.home / 'pid'}",
            ),
            *("--character-set-server=utf8mb4", "--skip-name-resolve", *self.options),
        ]

    def stop(self) -> None:
        if self.process:
            self.process.stop(signal.SIGTERM)
            self.process = None

    def answers(self) -> bool:
        return (self.home / "socket").exists() and self._asks()

    def _asks(self) -> bool:
        try:
            return bool(self.ask("SELECT 1", database="mysql"))
        except _driver().Error:
            return False

    def ask(self, sql: str, values: Sequence[Any] = (), database: str = "wxlogin") -> Rows:
        connection = _driver().connect(
            unix_socket=str(self.home / "socket"), user="root", db=database, autocommit=True
        )
        try:
            cursor = connection.cursor()
            cursor.execute(sql, values or None)
            rows = list(cursor.fetchall())
            while cursor.nextset() is not None:
                pass
            return rows
        finally:
            connection.close()

    def set_read_only(self, on: bool) -> None:
        self.ask(f"SET GLOBAL read_only = {int(on)}")

    def empty(self) -> None:
        tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'wxlogin'"
        mine = [name for (name,) in self.ask(tables) if name.startswith(("wxlogin_", "auth_user"))]
        truncations = "; ".join(f"TRUNCATE {name}" for name in mine)
        self.ask(f"SET foreign_key_checks = 0; {truncations}")

    def connect_idle(self) -> Any:
        return _driver().connect(
            host="127.0.0.1", port=self.port, user=ACCOUNT, passwd=PASSWORD, db="wxlogin"
        )

    def dump(self) -> bytes:
        return run_program(
            [
                "mariadb-dump",
                "--no-defaults",
                "--hex-blob",
                f"--socket={self.home / 'socket'}",
                "-u",
                "root",
                "wxlogin",
            ]
        )

    def restore(self, dump: bytes) -> None:
        self.ask("DROP DATABASE wxlogin", database="mysql")
        self.ask("CREATE DATABASE wxlogin CHARACTER SET utf8mb4", database="mysql")
        socket = f"--socket={self.home / 'socket'}"
        run_program(["mariadb", "--no-defaults", socket, "-u", "root", "wxlogin"], input=dump)

    def version(self) -> str:
        return str(self.ask("SELECT VERSION()", database="mysql")[0][0]).partition("-")[0]


def _driver() -> Any:
    try:
        return importlib.import_module("MySQLdb")
    except ImportError:
        raise CannotRun(
            "mysqlclient isn't installed: make torture does that where there is a mariadbd"
        ) from None
