"""Fixtures for all tests: people, and ways to call the project."""

import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test import Client

from wxlogin.conf import Conf
from wxlogin.fakewechat import FakeWeChat
from wxlogin.secret import Secret
from wxlogin.shared_cache import shared_cache

from .helpers import contract
from .helpers.clocks import TwoClocks
from .settings import APPID

API = "/api/wechat/"

# The live server's default of 10 would refuse half of a burst before Django sees it.
ThreadedWSGIServer.request_queue_size = 128


@dataclass
class Api:
    """The API as a mini-program calls it. ``tokens`` is the answer to the last login or refresh."""

    wechat: FakeWeChat
    tokens: dict[str, Any]
    client: Client

    def call(self, method: str, path: str, body: Any = None, access: str | None = None, **extra: Any) -> Any:
        headers = dict(extra.pop("headers", {}))
        if access := access if access is not None else self.tokens.get("access"):
            headers.setdefault("Authorization", f"Bearer {access}")
        if body is not None:
            extra.setdefault("content_type", "application/json")
            extra["data"] = body
        answer = getattr(self.client, method)(API + path, headers=headers, **extra)
        contract.check(method, answer)
        return answer

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.call("get", path, **kwargs)

    def post(self, path: str, body: Any = None, **kwargs: Any) -> Any:
        return self.call("post", path, {} if body is None else body, **kwargs)

    def put(self, path: str, body: Any, **kwargs: Any) -> Any:
        return self.call("put", path, body, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> Any:
        return self.call("delete", path, **kwargs)

    def send_code(self, code: Any = None, openid: str = "o-alice", **body: Any) -> Any:
        code = self.wechat.code_for(openid) if code is None else code
        return self.post("login/", {"code": code, **body}, access="")

    def log_in(self, openid: str = "o-alice") -> "Api":
        """Log ``openid`` in on a new device."""
        answer = self.send_code(openid=openid)
        assert answer.status_code == 200, answer.content
        return Api(self.wechat, answer.json(), self.client)

    def refresh(self, token: str | None = None) -> Any:
        return self.post("token/refresh/", {"refresh": token or self.tokens["refresh"]}, access="")


@pytest.fixture(autouse=True)
def _nothing_cached_by_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_cache, "_paused_until", 0.0)
    shared_cache._fallback.clear()
    cache.delete_many(["wxlogin:examined", "wxlogin:open_breaker", "wxlogin:shared_limit"])
    for appid in (APPID, "wx00000000000000bb"):
        cache.delete(f"wxlogin:access_token:{appid}")


@pytest.fixture(autouse=True)
def clocks(monkeypatch: pytest.MonkeyPatch) -> TwoClocks:
    """The database's clock goes along when a test moves this host's, unless the test says ``clocks.host``."""
    return TwoClocks(monkeypatch)


@pytest.fixture
def api(db: None, wechat: FakeWeChat, client: Client) -> Api:
    """A client that isn't logged in yet."""
    return Api(wechat, {}, client)


@pytest.fixture
def alice(api: Api) -> Api:
    return api.log_in("o-alice")


@pytest.fixture
def bob(api: Api) -> Api:
    return api.log_in("o-bob")


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    """Change keys of ``WXLOGIN`` for one test."""

    def change(**keys: Any) -> None:
        settings.WXLOGIN = {**settings.WXLOGIN, **keys}

    return change


@pytest.fixture
def address() -> str:
    """A random IP address, since a shared cache may still hold counts of an earlier run."""
    return str(ipaddress.ip_address(0x0A000000 + secrets.randbelow(2**24)))


@pytest.fixture
def lose_keys(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function that replaces all keys, so that nothing opens that was sealed before."""

    def lose() -> None:
        monkeypatch.setattr(Conf, "ENCRYPTION_KEYS", [Secret(secrets.token_bytes(32))])

    return lose


@pytest.fixture
def two_apps(configure: Callable[..., None]) -> tuple[str, str]:
    other = "wx00000000000000bb"
    configure(APPS={APPID: {"SECRET": "secret-a"}, other: {"SECRET": "secret-b", "NAME": "Book Shop"}})
    return APPID, other
