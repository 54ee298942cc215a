from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.conftest import Api
from tests.helpers.open_platform import one_group
from tests.helpers.simultaneous import ample_upstream_slots, post

# Fixtures.
__all__ = ["ample_upstream_slots", "one_group", "post"]

PASSWORD = "made-up-password"


@pytest.fixture
def root(db: None) -> Any:
    # Under other settings the app isn't installed, and Django refuses to import its models.
    from .models import Customer  # noqa: PLC0415

    return Customer.objects.create_superuser("root@shop.example", PASSWORD, city="Wuhan")


@pytest.fixture
def staff(root: Any) -> Client:
    """A browser in which ``root`` has logged in with the form."""
    browser = Client()
    answer = browser.post("/admin/login/", {"username": root.email, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


@pytest.fixture
def own_factory(configure: Callable[..., None]) -> None:
    configure(USER_FACTORY="tests.projects.custom_user.factory.make_customer")


@pytest.fixture
def log_in(api: Api, one_group: None) -> Callable[..., Api]:
    """Return a function that logs a person into an app. A person has another openid in each app."""

    def log_in(appid: str, unionid: str | None = "u-alice", who: str = "alice") -> Api:
        openid = f"o-{who}-{appid}"
        api.wechat.person(openid, unionid=unionid)
        answer = api.send_code(api.wechat.code_for(openid, appid), appid=appid)
        assert answer.status_code == 200, answer.content
        return Api(api.wechat, answer.json(), api.client)

    return log_in
