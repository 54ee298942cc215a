"""Our pages replace those of Simple JWT, which show live refresh tokens to all staff who may view them."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from rest_framework_simplejwt.token_blacklist import admin as theirs
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from wxlogin.admin import register

PAGES = ["outstandingtoken", "blacklistedtoken"]


@pytest.fixture
def token(db: None) -> str:
    token = RefreshToken.for_user(User.objects.create(username="somebody"))
    token.blacklist()
    return str(token)


@pytest.fixture
def viewer(db: None) -> Client:
    user = User.objects.create(username="viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=[f"view_{name}" for name in PAGES]))
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.mark.parametrize("name", PAGES)
def test_no_page_shows_a_token(token: str, viewer: Client, name: str) -> None:
    row = {"outstandingtoken": OutstandingToken, "blacklistedtoken": BlacklistedToken}[name].objects.get()
    url = f"/admin/token_blacklist/{name}/"

    answers = [viewer.get(url), viewer.get(f"{url}{row.pk}/change/"), viewer.get(f"{url}?q=somebody")]

    for answer in answers:
        content = answer.content.decode()
        assert answer.status_code == 200
        assert token[:40] not in content
        assert token[-20:] not in content


def test_a_filter_by_the_token_is_refused(token: str, viewer: Client) -> None:
    url = "/admin/token_blacklist/outstandingtoken/"

    hit, miss = (viewer.get(url, {"token__startswith": text}) for text in (token[:5], "x"))

    assert hit.status_code == miss.status_code == 400


def test_token_rows_can_not_be_deleted(token: str) -> None:
    browser = Client()
    browser.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))

    for name in PAGES:
        row = {"outstandingtoken": OutstandingToken, "blacklistedtoken": BlacklistedToken}[name].objects.get()
        url = f"/admin/token_blacklist/{name}/"
        assert browser.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        browser.post(url, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})

    assert (OutstandingToken.objects.count(), BlacklistedToken.objects.count()) == (1, 1)


def test_a_project_can_keep_the_originals(configure: Callable[..., None]) -> None:
    site = admin.AdminSite()
    site.register(OutstandingToken, theirs.OutstandingTokenAdmin)
    configure(KEEP_TOKEN_ADMIN=True)

    register(site)

    assert type(site._registry[OutstandingToken]) is theirs.OutstandingTokenAdmin
