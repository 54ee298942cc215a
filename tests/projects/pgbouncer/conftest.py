import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings as project

CONFIGURATION = """
[databases]
* = host={HOST} port={PORT}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {free}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
# Forget all that a transaction has left in its session.
server_reset_query = DISCARD ALL
server_reset_query_always = 1
# Seconds: the test database can be dropped soon after the last test.
server_idle_timeout = 1
"""


RUNNING = ExitStack()


def pytest_configure() -> None:
    """Start PgBouncer before anything connects, and send all connections there."""
    database = project.DATABASES["default"]
    folder = RUNNING.enter_context(tempfile.TemporaryDirectory(prefix="wxlogin-"))
    port = _free_port()
    (Path(folder) / "users").write_text(f'"{database["USER"]}" "{database["PASSWORD"]}"\n')
    (Path(folder) / "ini").write_text(CONFIGURATION.format(folder=folder, free=port, **database))
    server = subprocess.Popen(["pgbouncer", "-q", f"{folder}/ini"], **_user(folder))  # noqa: S603, S607
    RUNNING.callback(server.wait)
    RUNNING.callback(server.terminate)
    _wait_for(port, server)
    database.update(HOST="127.0.0.1", PORT=port)


def pytest_unconfigure() -> None:
    RUNNING.close()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _user(folder: str) -> dict[str, Any]:
    """Return what makes a process that of another user than root, which PgBouncer refuses."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "postgres", "postgres")
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None
        time.sleep(0.05)
    raise TimeoutError
