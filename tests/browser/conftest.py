"""Staff at work in a real browser. The tests need settings of their own; tests/projects/test_browser_in_own_process.py runs them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User

from wxlogin.fakewechat import FakeWeChat

from .phone import Phone

if not hasattr(project, "THEME"):
    collect_ignore_glob = ["test_*.py"]

ALICE, BOB = "oAlice-0123456789-full-openid", "oBob-0123456789-full-openid"


def pytest_configure(config: pytest.Config) -> None:
    # Unfold overrides a method that Django 6.1 has deprecated.
    if getattr(project, "THEME", "") == "unfold":
        config.addinivalue_line("filterwarnings", "ignore:Overriding get_action_choices::unfold")


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from .chromium import running_driver  # noqa: PLC0415  the rest of the suite needs no Selenium

    with running_driver(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def browser(driver: Any, live_server: Any, tmp_path: Path) -> Iterator[Any]:
    from .chromium import Browser  # noqa: PLC0415

    browser = Browser(driver, live_server.url, tmp_path)
    yield browser
    notices = browser.notices
    browser.clear_storage()
    assert notices == []


@pytest.fixture
def root(transactional_db: None) -> User:
    from .chromium import PASSWORD  # noqa: PLC0415

    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def log_in(live_server: Any, wechat: FakeWeChat) -> Callable[[str], Phone]:
    """Return a function that makes a phone for an openid, and logs in on it."""
    return lambda openid: Phone(live_server.url, wechat, openid).log_in()


@pytest.fixture
def alice(wechat: FakeWeChat, log_in: Callable[[str], Phone]) -> Phone:
    """A phone of Alice, who has everything that a person may have."""
    wechat.person(ALICE, unionid="uAlice-0123456789-full-unionid", phone="13580006666")
    alice = log_in(ALICE)
    alice.as_user("POST", "phone/", {"code": wechat.phone_code_for(ALICE)})
    alice.as_user("PUT", "me/", {"nickname": "韩梅梅"})
    return alice


@pytest.fixture
def bob(log_in: Callable[[str], Phone]) -> Phone:
    return log_in(BOB)
