"""Staff at work in a real browser. What is here needs settings of its own; tests/projects/test_browser.py runs it with them."""

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
    if getattr(project, "THEME", "") == "unfold":  # it overrides what Django 6.1 wants to be called otherwise
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
    noticed = browser.noticed
    browser.forget()
    assert noticed == []


@pytest.fixture
def root(transactional_db: None) -> User:
    from .chromium import PASSWORD  # noqa: PLC0415

    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def log_in(live_server: Any, wechat: FakeWeChat) -> Callable[[str], Phone]:
    """A phone of its own for ``openid``."""
    return lambda openid: Phone(live_server.url, wechat, openid).log_in()


@pytest.fixture
def alice(wechat: FakeWeChat, log_in: Callable[[str], Phone]) -> Phone:
    """With all that somebody may have."""
    wechat.person(ALICE, unionid="uAlice-0123456789-full-unionid", phone="13580006666")
    alice = log_in(ALICE)
    alice.as_user("POST", "phone/", {"code": wechat.phone_code_for(ALICE)})
    alice.as_user("PUT", "me/", {"nickname": "韩梅梅"})
    return alice


@pytest.fixture
def bob(log_in: Callable[[str], Phone]) -> Phone:
    return log_in(BOB)
