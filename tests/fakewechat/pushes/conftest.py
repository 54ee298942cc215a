import pytest

from tests.helpers.vectors import AES_KEY
from wxlogin.fakewechat import FakeWeChat

SHOP = {"SECRET": "shop-secret", "NAME": "Shop", "PUSH_TOKEN": "shop-token", "PUSH_AES_KEY": AES_KEY}


@pytest.fixture
def fake(clock):
    with FakeWeChat(apps={"wx-shop": SHOP, "wx-silent": "secret-alone"}, now=clock) as fake:
        yield fake
