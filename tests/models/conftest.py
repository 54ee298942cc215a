from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import QuerySet

from tests.helpers.clocks import reopen_connection
from wxlogin.models import WeChatUser

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still at noon, until a test moves it."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/New_York"])
def project_in(request: Any, settings: Any) -> str:
    settings.TIME_ZONE = request.param
    return str(request.param)


@pytest.fixture(params=["aware", "naive", "zone of the database"])
def kind_of_time(
    request: Any, transactional_db: None, project_in: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Each kind of time in turn, on a connection that is opened for it."""
    settings.USE_TZ = request.param != "naive"
    if request.param == "zone of the database":
        monkeypatch.setitem(connection.settings_dict, "TIME_ZONE", "Asia/Tokyo")
    reopen_connection()
    yield request.param
    monkeypatch.undo()
    reopen_connection()


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
