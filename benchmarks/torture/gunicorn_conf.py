"""The project's own gunicorn settings, plus a log line when a worker can answer."""

from pathlib import Path
from typing import Any

READY_LINE = "worker is ready"
exec(Path("gunicorn.conf.py").read_text())  # noqa: S102


def post_worker_init(worker: Any) -> None:
    worker.log.info(READY_LINE)
