import sys
from collections.abc import Iterator

import pytest

from tests.helpers.served_project import Served, serving
from wxlogin.fakewechat import FakeWeChat

UVICORN = [sys.executable, "-m", "uvicorn", "project.asgi:application", "--port", "{port}"]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with FakeWeChat() as wechat, serving(tmp_path_factory.mktemp("asgi"), wechat, *UVICORN) as served:
        yield served
