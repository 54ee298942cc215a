from collections.abc import Callable, Iterator

import pytest

from tests.fakewechat.http import Client
from tests.fakewechat.receiver import Receiver
from wxlogin.fakewechat import FakeWeChat


class Clock:
    """A clock that stands still. A test moves it by changing ``time``."""

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
    """Call code2session and return its JSON. A parameter set to None is left out."""

    def exchange(js_code: str | None, **params: str | None) -> dict[str, object]:
        return client.code2session(js_code, **params).json()

    return exchange


@pytest.fixture
def stable_token(client: Client) -> Callable[..., dict[str, object]]:
    """Call stable_token and return its JSON. A field set to None is left out."""

    def stable_token(**params: object) -> dict[str, object]:
        defaults = {"grant_type": "client_credential", "appid": "wx-shop", "secret": "shop-secret"}
        fields = {name: value for name, value in (defaults | params).items() if value is not None}
        return client.post("/cgi-bin/stable_token", fields).json()

    return stable_token


@pytest.fixture
def access_token(stable_token: Callable[..., dict[str, object]]) -> object:
    """An access_token of wx-shop."""
    return stable_token()["access_token"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()
