from typing import Any

import pytest
from django.test import Client

from tests.conftest import Api
from wxlogin.fakewechat import FakeWeChat


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    # Models can be imported only after Django is set up.
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
