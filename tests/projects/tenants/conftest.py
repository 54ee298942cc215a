"""The tests here need their own settings. ``tests/projects/test_hosts_in_own_process.py`` runs them."""

from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client

from tests.conftest import Api
from wxlogin.fakewechat import FakeWeChat

IS_OURS = project.SETTINGS_MODULE == "tests.projects.tenants.settings"
if not IS_OURS:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    if not IS_OURS:
        return
    # Under other settings the app isn't installed, and Django refuses to import its models.
    from .models import Domain, Shop  # noqa: PLC0415

    with django_db_blocker.unblock():
        for name in ("tea", "books"):
            shop = Shop(schema_name=name, name=name)
            shop.save(verbosity=0)
            Domain.objects.create(domain=f"{name}.example", tenant=shop, is_primary=True)


@pytest.fixture
def tea(db: None, wechat: FakeWeChat) -> Api:
    return Api(wechat, {}, Client(headers={"host": "tea.example"}))


@pytest.fixture
def books(db: None, wechat: FakeWeChat) -> Api:
    return Api(wechat, {}, Client(headers={"host": "books.example"}))
