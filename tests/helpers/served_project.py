"""A project that a real server serves over HTTP, and what every server has to do."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.deploy.servers import accepts, free_port, project_environment, running
from tests.helpers.hang_ups import LOGIN, blamed_lines, cut_requests, hang_up, leave_unread
from tests.helpers.pictures import picture
from wxlogin.fakewechat import FakeWeChat


@dataclass(frozen=True)
class Served:
    """A running server, and the file that its output goes to."""

    port: int
    log: Path
    wechat: FakeWeChat

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def call(self, method: str, path: str, access: str = "", **body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {access}"} if access else {}
        with requests.Session() as http:
            http.trust_env = False
            url = f"http://127.0.0.1:{self.port}{path}"
            return http.request(method, url, headers=headers, timeout=30, **body)

    def log_in(self) -> str:
        answer = self.call("POST", LOGIN, json={"code": self.wechat.code_for("o-alice")})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access"])


@contextmanager
def serving(folder: Path, wechat: FakeWeChat, *command: str, **environment: str) -> Iterator[Served]:
    """Run ``command``, in which ``{port}`` is the port to listen at. It has the settings of this process."""
    port = free_port()
    settings = {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"], "DJANGO_HTTPS": ""}
    variables = project_environment(folder, wechat, WXLOGIN_TRUSTED_PROXIES="0", **settings, **environment)
    log = folder / "server.log"
    line = [each.format(port=port) for each in command]
    with running(line, lambda: accepts(port), log, variables):
        yield Served(port, log, wechat)


def check_avatar(served: Served) -> None:
    """Fail unless a picture can be uploaded."""
    answer = served.call(
        "POST", "/api/wechat/me/avatar/", served.log_in(), files={"avatar": ("a.png", picture(), "image/png")}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["avatar"]


def check_hang_ups(served: Served) -> None:
    """Fail if a client that hangs up leaves an error in the log, or nobody is served afterwards."""
    access = served.log_in()
    for request in cut_requests(access).values():
        for abruptly in (True, False):
            hang_up(served.connect, request, abruptly=abruptly)
    leave_unread(served.connect, access)
    time.sleep(0.5)
    assert served.call("GET", "/api/wechat/me/", access).status_code == 200
    assert list(blamed_lines(served.log)) == []
    # Our own lines are in it.
    assert '"message": "login appid=' in served.log.read_text()
