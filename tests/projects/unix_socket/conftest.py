import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.deploy.calls import wait_for_answers
from tests.deploy.servers import Site, running_gunicorn, running_nginx, write_configuration
from wxlogin.fakewechat import FakeWeChat


@pytest.fixture(scope="session")
def fake() -> Iterator[FakeWeChat]:
    with FakeWeChat() as wechat:
        yield wechat


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The nginx of the deployment page, without a server behind it."""
    site = write_configuration(tmp_path_factory.mktemp("site"))
    with running_nginx(str(shutil.which("nginx")), site):
        yield site


@contextmanager
def serving(site: Site, fake: FakeWeChat, **environment: str) -> Iterator[None]:
    """Run gunicorn with one worker behind nginx, and a limit of five logins a minute."""
    settings = {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"], "WXLOGIN_LOGIN_RATE": "5/min"}
    with running_gunicorn(site.folder, fake, WEB_CONCURRENCY="1", **settings, **environment):
        wait_for_answers(site)
        yield


@pytest.fixture(scope="session")
def trusting(site: Site, fake: FakeWeChat) -> Iterator[Site]:
    """The site with ``TRUSTED_PROXIES`` of 1."""
    with serving(site, fake):
        yield site
