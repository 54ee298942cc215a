"""Two processes whose clocks differ, as on two hosts, with one database server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests.helpers.process import ROOT, environment_with
from tests.settings import APPID
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import LoginSession, SessionKey

# The Debian package is called faketime.
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not LIBRARY.exists(), reason="needs libfaketime"),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no clock of its own"),
]

HOST = """
import json, sys
from tests import settings
settings.WXLOGIN = {**settings.WXLOGIN, "API_BASE": sys.argv[1]}
import django
django.setup()
from django.test import Client
client = Client()
for line in sys.stdin:
    method, path, body, access = json.loads(line)
    headers = {"Authorization": f"Bearer {access}"} if access else {}
    answer = client.generic(method, f"/api/wechat/{path}", json.dumps(body), "application/json", headers=headers)
    print(json.dumps([answer.status_code, answer.json()]), flush=True)
"""


@dataclass
class Host:
    """A process of the project with a clock of its own."""

    process: "subprocess.Popen[str]"
    wechat: FakeWeChat

    def call(self, method: str, path: str, body: Any = None, access: str = "") -> tuple[int, dict[str, Any]]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([method, path, body or {}, access]) + "\n")
        self.process.stdin.flush()
        status, answer = json.loads(self.process.stdout.readline())
        return status, answer

    def log_in(self) -> dict[str, Any]:
        status, answer = self.call("POST", "login/", {"code": self.wechat.code_for("o-alice")})
        assert status == 200, answer
        return answer


@contextmanager
def host(wechat: FakeWeChat, ahead: str) -> Iterator[Host]:
    """Start a host whose clock is ``ahead`` of ours, as libfaketime writes it: ``+40s`` or ``-1h``."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    env = environment_with(
        DJANGO_SETTINGS_MODULE="tests.settings",
        DATABASE_URL=url.geturl(),
        LD_PRELOAD=str(LIBRARY),
        FAKETIME=ahead,
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )
    command = [sys.executable, "-c", HOST, wechat.url]
    with subprocess.Popen(  # noqa: S603  our own command line
        command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Host(process, wechat)
        assert process.stdin
        process.stdin.close()


@pytest.mark.parametrize("ahead", ["+1s", "+40s", "+8d", "-1h"])
def test_hosts_whose_clocks_differ_serve_the_same_people(wechat: FakeWeChat, ahead: str) -> None:
    with host(wechat, "+0s") as one, host(wechat, ahead) as other:
        for here, there in ((one, other), (other, one)):
            device = here.log_in()
            statuses = [there.call("GET", "me/", access=device["access"])[0]]
            for each in (here, there, there, here):
                statuses.append(each.call("POST", "token/refresh/", {"refresh": device["refresh"]})[0])

            assert statuses == [200] * 5

    assert [session.generation for session in LoginSession.objects.all()] == [1, 1]
    assert not LoginSession.objects.exclude(ended_at=None).exists()
    assert SessionKey.objects.get().unseal().reveal() == wechat.session_key_of("o-alice", APPID)
