"""The real project, served by gunicorn in processes of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.helpers.process import ROOT, environment_with

# Seconds after which a request counts as hanging: twice the deadline.
HANGS = 10


@dataclass(frozen=True)
class Login:
    """One call of ``login/`` and its answer. The times are those of ``time.monotonic``."""

    openid: str
    asked_at: float
    answered_at: float
    answer: requests.Response

    @property
    def succeeded(self) -> bool:
        return self.answer.status_code == 200


@dataclass(frozen=True)
class Project:
    """The real project, served by gunicorn."""

    url: str
    pid: int

    def log_in(self, http: requests.Session, openid: str, code: str) -> Login:
        asked_at = time.monotonic()
        answer = http.post(f"{self.url}/api/wechat/login/", json={"code": code}, timeout=HANGS)
        return Login(openid, asked_at, time.monotonic(), answer)

    def get_me(self, access: str) -> requests.Response:
        with http_client() as http:
            headers = {"Authorization": f"Bearer {access}"}
            return http.get(f"{self.url}/api/wechat/me/", headers=headers, timeout=HANGS)


@contextmanager
def http_client() -> Iterator[requests.Session]:
    """Open a new connection for each call, so that the server closes none that is in use."""
    with requests.Session() as http:
        http.trust_env = False
        http.headers["Connection"] = "close"
        yield http


@contextmanager
def served(
    log: Path, environment: dict[str, str], *, threads: int = 1, root: Path = ROOT
) -> Iterator[Project]:
    """Serve the project below ``root`` with two workers, and ``threads`` threads in each."""
    with socket.socket() as sock, log.open("wb") as output:
        sock.bind(("127.0.0.1", 0))
        # A request before gunicorn is up waits.
        sock.listen()
        gunicorn = subprocess.Popen(  # noqa: S603  our own command line
            [
                *(sys.executable, "-m", "gunicorn", "project.wsgi"),
                *("--bind", f"fd://{sock.fileno()}", "--threads", str(threads)),
            ],
            cwd=root,
            # Gunicorn makes a socket file in HOME.
            env=environment_with(WEB_CONCURRENCY="2", HOME=str(log.parent), **environment),
            stdout=output,
            stderr=output,
            pass_fds=[sock.fileno()],
            start_new_session=True,
        )
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    try:
        assert is_alive(url), log.read_text()
        yield Project(url, gunicorn.pid)
    finally:
        os.killpg(gunicorn.pid, signal.SIGKILL)
        gunicorn.wait()


def is_alive(url: str) -> bool:
    with http_client() as http:
        try:
            return http.get(f"{url}/livez", timeout=HANGS).ok
        except requests.ConnectionError:
            return False
