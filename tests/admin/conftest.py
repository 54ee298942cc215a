from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.conftest import Api

from .staff import OPENID, UNIONID

VIEWS = ["view_wechatuser", "view_loginsession", "view_sessionkey", "view_loginfailure"]


@pytest.fixture
def staff_with(db: None) -> Callable[..., Client]:
    """A browser in which somebody of the staff, with just these permissions, is logged in."""

    def make(*codenames: str) -> Client:
        taken = User.objects.filter(is_staff=True).count()
        user = User.objects.create(username=f"staff-{len(codenames)}-{taken}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        browser = Client()
        browser.force_login(user)
        return browser

    return make


@pytest.fixture
def viewer(staff_with: Callable[..., Client]) -> Client:
    return staff_with(*VIEWS)


@pytest.fixture
def support(staff_with: Callable[..., Client]) -> Client:
    return staff_with(*VIEWS, "end_loginsession")


@pytest.fixture
def superuser(db: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return browser


@pytest.fixture
def person(api: Api) -> Api:
    """Somebody with two sessions and a refused login behind them."""
    api.wechat.person(OPENID, unionid=UNIONID)
    api.log_in(OPENID)
    device = api.log_in(OPENID)
    device.put("me/", {"nickname": "韩梅梅"})
    api.post("login/", {"code": "never-issued"}, headers={"X-Request-ID": "trace-42"})
    return device
