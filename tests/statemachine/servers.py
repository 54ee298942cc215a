"""Two server processes of the project over one database, each of which can be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.helpers.process import ROOT, environment_with

PATIENCE = 30  # seconds


class Server:
    """One gunicorn with one worker. Its socket is ours, so a call that comes while it starts waits for it."""

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        self._log, self._environment = log, environment
        self._socket = socket.socket()
        # Otherwise each answer waits 40 ms for the acknowledgement of its first half.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/api/wechat/"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "project.wsgi", "--workers", "1", "--keep-alive", "60"]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  our own command line
                [*command, "--bind", f"fd://{self._socket.fileno()}"],
                cwd=ROOT,
                # Gunicorn makes a socket file in HOME.
                env=environment_with(HOME=str(self._log.parent), **self._environment),
                stdout=output,
                stderr=output,
                pass_fds=[self._socket.fileno()],
                start_new_session=True,
            )
        self.http = requests.Session()
        self.http.trust_env = False

    def call(self, method: str, path: str, body: Any = None, access: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {access}"} if access else {}
        return self.http.request(method, self.url + path, json=body, headers=headers, timeout=PATIENCE)

    def kill(self) -> None:
        """End the processes with SIGKILL. What is in flight gets no answer."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.http.close()

    def stop(self) -> None:
        self.kill()
        self._socket.close()
