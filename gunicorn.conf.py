"""The defaults for ``gunicorn project.wsgi``. The command line and GUNICORN_CMD_ARGS override them."""

import multiprocessing
import os
import time
from urllib.parse import quote

from gunicorn.glogging import Logger

workers = int(os.environ.get("WEB_CONCURRENCY") or min(4, multiprocessing.cpu_count()))
# More than UPSTREAM_CONCURRENCY, so that some threads stay free while WeChat hangs.
threads = 8
timeout = 30


class OneLineLogger(Logger):
    """gunicorn's logger, but a path with a line break in it stays one line of the access log."""

    def atoms(self, resp, req, environ, request_time):
        atoms = super().atoms(resp, req, environ, request_time)
        return {**atoms, "U": quote(environ.get("PATH_INFO", ""), encoding="latin-1")}


logger_class = OneLineLogger
# For an access log, which ``--access-logfile`` turns on. gunicorn's own format has the query and the Referer.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(b)s %(L)s'


def when_ready(server):
    """Let SIGHUP stop the old workers only when the new ones serve, or after ``graceful_timeout``.

    gunicorn itself stops them as soon as it has started the new ones, which first spend seconds on imports.
    """
    manage_workers = server.manage_workers

    def manage_workers_in_time():
        give_up = time.monotonic() + server.cfg.graceful_timeout
        while has_new_workers_that_start(server) and time.monotonic() < give_up:
            server.reap_workers()
            time.sleep(0.1)
        manage_workers()

    # It is what starts missing workers and stops surplus ones, the oldest first.
    server.manage_workers = manage_workers_in_time


def has_new_workers_that_start(server):
    """True if there are surplus workers, and not all that will stay serve already."""
    if len(server.WORKERS) <= server.num_workers:
        return False
    by_age = sorted(server.WORKERS.values(), key=lambda worker: worker.age)
    return not all(map(serves, by_age[-server.num_workers :]))


def serves(worker):
    """True once the worker has given a sign of life, which it does first when it begins to accept connections.

    Its file then has a time of the monotonic clock. Before, it has the time of day, which is much later.
    """
    return worker.tmp.last_update() <= time.monotonic()
