from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from wxlogin.models import WeChatUser

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still at noon, until a test moves it."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def make_person(db: None) -> Callable[..., WeChatUser]:
    def make(openid: str = "oAlice-0123456789-0123456789", **fields: Any) -> WeChatUser:
        if "user" not in fields:
            fields["user"] = get_user_model().objects.create(username=uuid4().hex)
        return WeChatUser.objects.create(
            **{"appid": "wx-shop", "openid": openid, "created_at": NOON, "last_login_at": NOON, **fields}
        )

    return make


@pytest.fixture
def find_nothing_at_first(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """Return a function that makes a query find nothing at its first call, as before a parallel transaction commits."""

    def arrange(method: str, nothing: object) -> None:
        real, answers = getattr(QuerySet, method), [nothing]
        monkeypatch.setattr(
            QuerySet, method, lambda *args, **kwargs: answers.pop() if answers else real(*args, **kwargs)
        )

    return arrange
