"""Fixtures that several modules here share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.phones import NUMBER
from tests.api.pushes import PUSH_TOKEN
from tests.conftest import Api
from tests.settings import APPID
from wxlogin import signals


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """An empty folder for uploaded files."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def phones(api: Api) -> None:
    """Phone numbers of Alice and Bob, one of them abroad."""
    api.wechat.person("o-alice", phone=NUMBER)
    api.wechat.person("o-bob", phone="+852 51234567")


@pytest.fixture
def received() -> Iterator[list[dict[str, Any]]]:
    """The arguments of each ``push_received`` signal that was sent."""
    seen: list[dict[str, Any]] = []

    def listen(**kwargs: Any) -> None:
        seen.append(kwargs)

    signals.push_received.connect(listen)
    yield seen
    signals.push_received.disconnect(listen)


@pytest.fixture
def plain_mode(configure: Callable[..., None]) -> None:
    configure(APPS={APPID: {"SECRET": "s", "PUSH_TOKEN": PUSH_TOKEN}})
