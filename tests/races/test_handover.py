"""SIGHUP to gunicorn: the old workers serve until the new ones do."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.helpers.project_settings import MINIMUM

from .postgres import children_of
from .served import is_alive, served

PATIENCE = 60  # seconds
# The project's own file, and workers that don't get on while a file is there.
CONFIG = """
from pathlib import Path
exec(Path("gunicorn.conf.py").read_text())

def post_fork(server, worker):
    while Path({hold!r}).exists():
        time.sleep(0.05)
"""


def test_old_workers_serve_until_the_new_ones_do(tmp_path: Path) -> None:
    config, hold = tmp_path / "config.py", tmp_path / "hold"
    config.write_text(CONFIG.format(hold=str(hold)))
    environment = {**MINIMUM, "GUNICORN_CMD_ARGS": f"--config {config}"}
    with served(tmp_path / "log", environment, threads=8) as project:
        wait_until(lambda: len(children_of(project.pid)) == 2)
        old = children_of(project.pid)
        hold.touch()

        os.kill(project.pid, signal.SIGHUP)
        wait_until(lambda: len(children_of(project.pid) - old) == 2)
        # gunicorn looks at its workers once a second.
        time.sleep(2.5)
        assert old < children_of(project.pid)
        assert all(is_alive(project.url) for _ in range(10))

        hold.unlink()
        wait_until(lambda: not old & children_of(project.pid))
        assert len(children_of(project.pid)) == 2
        assert is_alive(project.url)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
