"""The defaults for ``gunicorn project.wsgi``. The command line and GUNICORN_CMD_ARGS override them."""

import multiprocessing
import os

workers = int(os.environ.get("WEB_CONCURRENCY") or min(4, multiprocessing.cpu_count()))
# More than UPSTREAM_CONCURRENCY, so that some threads stay free while WeChat hangs.
threads = 8
timeout = 30
# For an access log, which ``--access-logfile`` turns on. gunicorn's own format has the query and the Referer.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(b)s %(L)s'
