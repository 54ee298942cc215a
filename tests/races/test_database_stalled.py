"""The network swallows everything between the project and its database, on connections that are in use."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connection

from benchmarks.torture.proxy import FaultyProxy
from tests.helpers.simultaneous import at_once
from wxlogin.fakewechat import FakeWeChat

from .served import Project, http_client, served

pytestmark = pytest.mark.django_db(transaction=True)
DEADLINE = 5.0
THREADS = 8


@pytest.fixture
def proxy() -> Iterator[FaultyProxy]:
    url = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not url.port:
        pytest.skip("only where DATABASE_URL names a database server")
    with FaultyProxy(url.port) as proxy:
        yield proxy


@pytest.fixture
def project(proxy: FaultyProxy, wechat: FakeWeChat, tmp_path: Path) -> Iterator[Project]:
    url = urlsplit(os.environ["DATABASE_URL"])
    user = url.netloc.rpartition("@")[0]
    environment = {
        "DJANGO_SECRET_KEY": "a-made-up-key-that-is-long-enough-for-everything",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": f"{url.scheme}://{user}@127.0.0.1:{proxy.port}/{connection.settings_dict['NAME']}",
        "WECHAT_APPID": "wx00000000000000aa",
        "WECHAT_SECRET": "0123456789abcdef0123456789abcdef",
        "WECHAT_API_BASE": wechat.url,
        "WXLOGIN_LOGIN_RATE": "1000000/min",
        "WXLOGIN_UPSTREAM_DEADLINE": str(DEADLINE),
    }
    with served(tmp_path / "log", environment, threads=THREADS) as project:
        yield project


def test_every_answer_comes_within_twice_the_deadline_and_then_the_service_resumes(
    project: Project, proxy: FaultyProxy, wechat: FakeWeChat
) -> None:
    codes = [wechat.code_for(f"o-{number}") for number in range(3 * THREADS)]
    with http_client() as http:
        access = project.log_in(http, "o-0", codes[0]).answer.json()["access"]
    assert {each.status_code for each in at_once(THREADS, lambda _: project.get_me(access))} == {200}

    proxy.swallowing = True
    answers = at_once(THREADS, lambda number: timed(project, access, codes[1 + number] if number % 2 else ""))
    proxy.swallowing = False
    resumed_at = time.monotonic()

    assert {(answer.status_code, answer.json()["code"]) for answer, _ in answers} == {
        (503, "storage_unavailable")
    }
    assert max(seconds for _, seconds in answers) < 2 * DEADLINE
    assert {each.status_code for each in at_once(THREADS, lambda _: project.get_me(access))} == {200}
    assert time.monotonic() - resumed_at < DEADLINE


def timed(project: Project, access: str, code: str) -> tuple[requests.Response, float]:
    began = time.monotonic()
    with http_client() as http:
        answer = project.log_in(http, "", code).answer if code else project.get_me(access)
    return answer, time.monotonic() - began
