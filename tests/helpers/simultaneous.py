"""Requests at the same moment, over real connections to a real server."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.db import connections

from wxlogin.fakewechat import FakeWeChat


@pytest.fixture
def post(live_server: Any, wechat: FakeWeChat) -> Callable[..., requests.Response]:
    """Return a function that sends a POST to the live server."""

    def call(path: str, body: dict[str, Any], access: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {access}"} if access else {}
        return requests.post(f"{live_server.url}/api/wechat/{path}", json=body, headers=headers, timeout=30)

    return call


@pytest.fixture
def ample_upstream_slots(configure: Callable[..., None]) -> None:
    """Allow 32 calls to WeChat at the same time, so that the requests meet in the database."""
    configure(UPSTREAM_CONCURRENCY=32)


def at_once(count: int, function: Callable[[int], Any]) -> list[Any]:
    """Call ``function`` with the numbers below ``count``, each in a thread, and return the results in order."""
    start = threading.Barrier(count)

    def run(number: int) -> Any:
        start.wait()
        return function(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def log_in_during(
    action: Callable[[], None], post: Callable[..., requests.Response], wechat: FakeWeChat, openid: str
) -> list[requests.Response]:
    """Run ``action`` while one person logs in on four devices at once. Return the answers to the logins."""
    codes = [wechat.code_for(openid) for _ in range(4)]

    def act(number: int) -> requests.Response | None:
        if number == 4:
            return action()
        return post("login/", {"code": codes[number]})

    try:
        return at_once(5, act)[:4]
    finally:
        connections.close_all()
