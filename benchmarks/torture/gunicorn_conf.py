"""The project's own gunicorn settings, plus a log line when a worker can answer, and a wrong clock where asked for."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import time_machine

READY_LINE = "worker is ready"
# The number of seconds that the clock of the workers is ahead. libfaketime breaks Python's time.sleep().
AHEAD = "TORTURE_CLOCK_AHEAD"
exec(Path("gunicorn.conf.py").read_text())  # noqa: S102


def post_fork(server: Any, worker: Any) -> None:
    if ahead := os.environ.get(AHEAD):
        time_machine.travel(timedelta(seconds=int(ahead)), tick=True).start()


def post_worker_init(worker: Any) -> None:
    worker.log.info(READY_LINE)
