"""The cache holds plain JSON of wxlogin, and nothing in it is unpickled, whoever wrote it."""

import ipaddress
import json
import os
import pickle
import secrets
from collections.abc import Iterator
from functools import partial
from threading import Thread
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client
from django.urls import reverse

from tests.conftest import Api
from wxlogin.gateway import _report, open_breaker
from wxlogin.shared_cache import shared_cache
from wxlogin.wechat.breaker import BreakerState

stored: dict[str, Any] = {}
unpickled: list[bool] = []


class Recording(LocMemCache):
    """A cache that notes every value that it is given."""

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        stored[key] = value
        super().set(key, value, *args, **kwargs)

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        stored[key] = value
        return super().add(key, value, *args, **kwargs)


class Planted:
    """A value whose unpickling runs code."""

    def __reduce__(self) -> Any:
        return note, ()


def note() -> None:
    unpickled.append(True)


def use_everything(api: Api, admin_client: Client, address: str) -> list[int]:
    """Call whatever reads or writes the cache, as one client, and over the limit of its calls.

    Return the statuses of the API's answers.
    """
    alice = Api(api.wechat, api.send_code(REMOTE_ADDR=address).json(), api.client)
    answers = [
        call(REMOTE_ADDR=address).status_code
        for call in (alice.send_code, partial(alice.post, "session-key/check/"))
        for _ in range(3)
    ]
    # As in the breaker's own thread, whose connections it closes.
    report = Thread(target=_report, args=["/sns/jscode2session", BreakerState("open", 5, 1.0)])
    report.start()
    report.join()
    open_breaker()
    admin_client.post(reverse("admin:wxlogin_overview_changelist"))
    return answers


@pytest.fixture(autouse=True)
def _low_limits(configure: Any) -> Iterator[None]:
    configure(LOGIN_RATE="2/min", DATA_RATE="2/min")
    yield
    cache.delete("wxlogin:open_breaker")


def test_every_value_is_json(api: Api, admin_client: Client, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Recording", "LOCATION": "recorded"}}
    stored.clear()

    use_everything(api, admin_client, new_address())

    kinds = {":".join(key.split(":")[:2]) for key in stored}
    assert {"wxlogin:login", "wxlogin:data", "wxlogin:access_token", "wxlogin:open_breaker"} <= kinds
    assert any(key.endswith(":end") for key in stored)
    assert any(key.endswith(":lock") for key in stored)
    assert {key: json.loads(json.dumps(value)) for key, value in stored.items()} == stored


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="only where REDIS_URL names a Redis")
@pytest.mark.parametrize(
    "planted", [pickle.dumps(Planted()), b"[" * 100_000, b"{}"], ids=["pickle", "deep", "{}"]
)
def test_what_others_write_there_is_not_unpickled_and_costs_nobody_a_login(
    api: Api, admin_client: Client, planted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = cache._cache.get_client(write=True)  # type: ignore[attr-defined]
    pattern = cache.make_key("wxlogin:*")
    of_other_tests = set(redis.scan_iter(match=pattern))
    use_everything(api, admin_client, address := new_address())
    ours = {key: redis.get(key) for key in redis.scan_iter(match=pattern) if key not in of_other_tests}
    assert len(ours) >= 6

    for key, value in ours.items():
        redis.set(key, planted, keepttl=True)
        monkeypatch.setattr(shared_cache, "_paused_until", 0.0)

        answers = use_everything(api, admin_client, address)

        assert set(answers) <= {200, 429}, key
        assert api.send_code(REMOTE_ADDR=new_address()).status_code == 200, key
        redis.set(key, value, ex=60)
    assert unpickled == []


def new_address() -> str:
    return str(ipaddress.ip_address(0x0A000000 + secrets.randbelow(2**24)))
