import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.served_project import Served, serving
from wxlogin.fakewechat import FakeWeChat

# Beside the Python of the tests.
UWSGI = Path(sys.executable).parent / "uwsgi"
OPTIONS = ["--http-socket", "127.0.0.1:{port}", "--module", "project.wsgi", "--master", "--die-on-term"]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process of uWSGI without threads of its own, as a beginner starts it."""
    with FakeWeChat() as wechat:
        command = [str(UWSGI), *OPTIONS, "--processes", "1"]
        with serving(
            tmp_path_factory.mktemp("uwsgi"), wechat, *command, WXLOGIN_UPSTREAM_DEADLINE="1"
        ) as served:
            yield served
