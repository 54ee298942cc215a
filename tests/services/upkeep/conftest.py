from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model

from tests.settings import APPID
from wxlogin.models import LoginFailure, LoginSession, WeChatUser
from wxlogin.services.upkeep.figures import DAY

from .rows import NOW


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def person(db: None) -> WeChatUser:
    """A person who was new before the first day that is shown."""
    long_ago = NOW - 40 * DAY
    user = get_user_model().objects.create(username="alice")
    return WeChatUser.objects.create(
        user=user, appid=APPID, openid="o-alice", created_at=long_ago, last_login_at=long_ago
    )


@pytest.fixture
def log_in(person: WeChatUser) -> Callable[..., LoginSession]:
    def log_in(ago: timedelta, *, appid: str = APPID, ms: int | None = 120, **fields: Any) -> LoginSession:
        at = NOW - ago
        times = {"created_at": at, "last_seen_at": at, "expires_at": at + 30 * DAY, **fields}
        return LoginSession.objects.create(wechat_user=person, appid=appid, upstream_ms=ms, **times)

    return log_in


@pytest.fixture
def fail(db: None) -> Callable[..., LoginFailure]:
    def fail(
        ago: timedelta, code: str = "code_invalid", errcode: int | None = 40029, **fields: Any
    ) -> LoginFailure:
        row = {"appid": APPID, "created_at": NOW - ago, "code": code, "errcode": errcode, **fields}
        return LoginFailure.objects.create(**row)

    return fail
