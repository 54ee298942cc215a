"""Fixtures that several modules here share."""

import os
import shutil
from collections.abc import Iterator

import pytest

from wxlogin.fakewechat import FakeWeChat

from .calls import wait_for_answers
from .servers import Site, running_gunicorn, running_nginx, write_configuration


@pytest.fixture(scope="session")
def nginx() -> str:
    """The path of nginx. Without it or openssl, the test is skipped, or fails if ``NGINX=required``."""
    path = shutil.which("nginx")
    if path and shutil.which("openssl"):
        return path
    if os.environ.get("NGINX") == "required":
        pytest.fail("nginx and openssl are required")
    pytest.skip("needs nginx and openssl")


@pytest.fixture(scope="session")
def fake() -> Iterator[FakeWeChat]:
    with FakeWeChat() as wechat:
        yield wechat


@pytest.fixture(scope="session")
def site(nginx: str, fake: FakeWeChat, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project behind nginx, as the example sets it up."""
    site = write_configuration(tmp_path_factory.mktemp("site"))
    with running_gunicorn(site.folder, fake), running_nginx(nginx, site):
        wait_for_answers(site)
        yield site
