"""The pytest fixture ``wechat``. pytest loads this file in every run, so it stays cheap and imports no Django."""

from collections.abc import Iterator

import pytest

from wxlogin.fakewechat.apps import known_apps
from wxlogin.fakewechat.server import FakeWeChat


@pytest.fixture(scope="session")
def wechat_server() -> Iterator[FakeWeChat]:
    """The one server of this test run. Tests use ``wechat``, which resets it."""
    with FakeWeChat() as server:
        yield server


@pytest.fixture
def wechat(wechat_server: FakeWeChat, request: pytest.FixtureRequest) -> FakeWeChat:
    """A fake WeChat without any people. ``settings.WXLOGIN`` points to it if that setting exists."""
    # The test before may have stopped it.
    wechat_server.start()
    wechat_server.reset()
    wechat_server.apps = {}
    _connect_django_settings(wechat_server, request)
    return wechat_server


def _connect_django_settings(wechat: FakeWeChat, request: pytest.FixtureRequest) -> None:
    try:
        settings = request.getfixturevalue("settings")
    except (pytest.FixtureLookupError, pytest.skip.Exception):
        # pytest-django isn't installed, or has no Django settings and would skip the test.
        return
    if hasattr(settings, "WXLOGIN"):
        # All calls of a test run come from one IP address, which must not hit a rate limit.
        rates = dict.fromkeys(("LOGIN_RATE", "REFRESH_RATE", "DATA_RATE"), "1000000/min")
        settings.WXLOGIN = {**settings.WXLOGIN, **rates, "API_BASE": wechat.url}
        wechat.apps = known_apps(settings.WXLOGIN.get("APPS") or {}, check_secrets=False)
