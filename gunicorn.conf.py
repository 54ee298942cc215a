"""Read by ``gunicorn project.wsgi``; the command line and GUNICORN_CMD_ARGS overrule it."""

import multiprocessing
import os

workers = int(os.environ.get("WEB_CONCURRENCY") or min(4, multiprocessing.cpu_count()))
threads = 8  # keep above UPSTREAM_CONCURRENCY, so that a hanging WeChat leaves some free
timeout = 30
