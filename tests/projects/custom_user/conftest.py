"""What is here needs ``tests.projects.custom_user.settings``; tests/projects/test_custom_user.py runs it with them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client

from tests.conftest import Api

if project.AUTH_USER_MODEL != "customers.Customer":
    collect_ignore_glob = ["test_*.py"]

TEA, BOOKS = "wx-tea", "wx-books"
PASSWORD = "made-up-password"


@pytest.fixture
def root(db: None) -> Any:
    from .models import Customer  # noqa: PLC0415  no model of this project's, where it isn't installed

    return Customer.objects.create_superuser("root@shop.example", PASSWORD, city="Wuhan")


@pytest.fixture
def staff(root: Any) -> Client:
    """A browser in which ``root`` logged in as people do."""
    browser = Client()
    answer = browser.post("/admin/login/", {"username": root.email, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


@pytest.fixture
def own_factory(configure: Callable[..., None]) -> None:
    configure(USER_FACTORY="tests.projects.custom_user.factory.make_customer")


@pytest.fixture
def one_group(configure: Callable[..., None]) -> None:
    configure(APPS={appid: {"SECRET": "s", "OPEN_PLATFORM": "ours"} for appid in (TEA, BOOKS)})


@pytest.fixture
def log_in(api: Api, one_group: None) -> Callable[..., Api]:
    """Log the person with ``unionid`` into ``appid``; openids differ from app to app."""

    def log_in(appid: str, unionid: str | None = "u-alice", who: str = "alice") -> Api:
        openid = f"o-{who}-{appid}"
        api.wechat.person(openid, unionid=unionid)
        answer = api.send_code(api.wechat.code_for(openid, appid), appid=appid)
        assert answer.status_code == 200, answer.content
        return Api(api.wechat, answer.json(), api.client)

    return log_in
