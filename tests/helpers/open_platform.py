"""Two mini-programs that share one open-platform account, so that a person has the same unionid in both."""

from collections.abc import Callable

import pytest

TEA, BOOKS = "wx-tea", "wx-books"


@pytest.fixture
def one_group(configure: Callable[..., None]) -> None:
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in (TEA, BOOKS)})
