"""The demo project with a PostgreSQL database for the benchmark, and plain admin pages to compare with."""

import os

os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
os.environ.setdefault("DJANGO_SECRET_KEY", "a-made-up-key-that-is-long-enough-for-hs256")

from project.settings import *  # noqa: E402, F403
from project.settings import DATABASES, LOGGING  # noqa: E402

SERVER = {**DATABASES["default"]}
DATABASES["default"]["NAME"] = "wxlogin_bench"
# No statement timeout, since the time of statements is measured.
DATABASES["default"]["OPTIONS"] = {"connect_timeout": 5}
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "benchmarks.plain"
LOGGING = {**LOGGING, "handlers": {"stdout": {"class": "logging.NullHandler"}}}
WXLOGIN = {
    "APPS": {
        appid: {"SECRET": "made-up", "NAME": name, "OPEN_PLATFORM": "ours"}
        for appid, name in (("wx-tea", "Tea House"), ("wx-books", "Book Shop"))
    }
}
