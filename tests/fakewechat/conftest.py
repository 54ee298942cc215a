from collections.abc import Callable, Iterator

import pytest

from tests.fakewechat.http import Client
from wxlogin.fakewechat import FakeWeChat


class Clock:
    """Stands still until somebody moves it."""

    def __init__(self) -> None:
        self.time = 0x617833F5

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> Iterator[FakeWeChat]:
    with FakeWeChat(apps={"wx-shop": "shop-secret"}, now=clock) as fake:
        yield fake


@pytest.fixture
def client(fake: FakeWeChat) -> Iterator[Client]:
    client = Client(fake.url)
    yield client
    client.close()


@pytest.fixture
def exchange(client: Client) -> Callable[..., dict[str, object]]:
    """Trade a code in; a parameter set to None is left out."""

    def exchange(js_code: str | None, **params: str | None) -> dict[str, object]:
        return client.code2session(js_code, **params).json()

    return exchange
