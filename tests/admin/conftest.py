from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.conftest import Api

from .staff import OPENID, UNIONID, VIEW_PEOPLE

VIEWS = ["view_wechatuser", "view_loginsession", "view_sessionkey", "view_loginfailure"]


@pytest.fixture
def staff_with(db: None) -> Callable[..., Client]:
    """Return a function that logs a new staff member, with just these permissions, in to a browser."""

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
def watcher(staff_with: Callable[..., Client]) -> Client:
    """A staff member who sees the figures, and no people."""
    return staff_with("view_overview")


@pytest.fixture
def desk(staff_with: Callable[..., Client]) -> Client:
    """A staff member who sees the figures and the people."""
    return staff_with(*VIEW_PEOPLE)


@pytest.fixture
def superuser(db: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return browser


@pytest.fixture
def person(api: Api) -> Api:
    """The second of two phones that Alice logged in on. A login with a wrong code was refused afterwards."""
    api.wechat.person(OPENID, unionid=UNIONID)
    api.log_in(OPENID)
    device = api.log_in(OPENID)
    device.put("me/", {"nickname": "韩梅梅"})
    api.post("login/", {"code": "never-issued"}, headers={"X-Request-ID": "trace-42"})
    return device
