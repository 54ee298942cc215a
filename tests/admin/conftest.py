from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

VIEWS = ["view_wechatuser", "view_loginsession", "view_sessionkey", "view_loginfailure"]


@pytest.fixture
def staff_with(db: None) -> Callable[..., Client]:
    """A browser in which somebody of the staff, with just these permissions, is logged in."""

    def make(*codenames: str) -> Client:
        user = User.objects.create(username=f"staff-{len(codenames)}", is_staff=True)
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
