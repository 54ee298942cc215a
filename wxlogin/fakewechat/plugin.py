"""The ``wechat`` fixture. pytest loads this file in every run, so it stays cheap and imports no Django."""

from collections.abc import Iterator

import pytest

from wxlogin.fakewechat.apps import known_apps
from wxlogin.fakewechat.server import FakeWeChat


@pytest.fixture(scope="session")
def wechat_server() -> Iterator[FakeWeChat]:
    """The one server of this run; a test wants ``wechat``."""
    with FakeWeChat() as server:
        yield server


@pytest.fixture
def wechat(wechat_server: FakeWeChat, request: pytest.FixtureRequest) -> FakeWeChat:
    """A WeChat that knows nobody yet, and that ``settings.WXLOGIN`` points to if there is such a thing."""
    wechat_server.start()  # the test before may have stopped it
    wechat_server.reset()
    wechat_server.apps = {}
    _introduce_to_django(wechat_server, request)
    return wechat_server


def _introduce_to_django(wechat: FakeWeChat, request: pytest.FixtureRequest) -> None:
    try:
        settings = request.getfixturevalue("settings")
    except (pytest.FixtureLookupError, pytest.skip.Exception):
        return  # no pytest-django; or one without Django settings, which would skip the test
    if hasattr(settings, "WXLOGIN"):
        # One address makes all calls of a test run.
        plenty = dict.fromkeys(("LOGIN_RATE", "REFRESH_RATE", "DATA_RATE"), "1000000/min")
        settings.WXLOGIN = {**settings.WXLOGIN, **plenty, "API_BASE": wechat.url}
        wechat.apps = known_apps(settings.WXLOGIN.get("APPS") or {}, check_secrets=False)
