"""The demo project on a PostgreSQL database of the benchmark's own, beside it plain admin pages."""

import os

os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
os.environ.setdefault("DJANGO_SECRET_KEY", "a-made-up-key-that-is-long-enough-for-hs256")

from project.settings import *  # noqa: E402, F403
from project.settings import DATABASES, LOGGING  # noqa: E402

SERVER = {**DATABASES["default"]}
DATABASES["default"]["NAME"] = "wxlogin_bench"
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 5
}  # no limit on what a statement takes: that is measured
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "benchmarks.plain"
LOGGING = {**LOGGING, "handlers": {"stdout": {"class": "logging.NullHandler"}}}
WXLOGIN = {
    "APPS": {
        appid: {"SECRET": "made-up", "NAME": name, "OPEN_PLATFORM": "ours"}
        for appid, name in (("wx-tea", "Tea House"), ("wx-books", "Book Shop"))
    }
}
