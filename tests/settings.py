"""The demo project's settings, changed so that tests are fast and run alike on every machine."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SECRET_KEY", "a-made-up-key-that-is-long-enough-for-hs256")
os.environ.setdefault("DJANGO_ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")

from project.settings import *  # noqa: E402, F403
from project.settings import CACHES, DATABASES, LOGGING  # noqa: E402

APPID = "wx00000000000000aa"
WXLOGIN = {
    "APPS": {
        APPID: {
            "SECRET": "0123456789abcdef0123456789abcdef",
            "NAME": "Tea House",
            "PUSH_TOKEN": "madeup",
            "PUSH_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        }
    },
    # The time-outs of one test must not open the breaker for the next one. Tests of the breaker turn it on.
    "BREAKER_FAILURES": 0,
}
# pytest-xdist names its processes; each has a database, a cache and a folder of its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
CACHES["default"]["KEY_PREFIX"] = WORKER
MEDIA_ROOT = Path(tempfile.gettempdir()) / f"wxlogin-tests{WORKER}"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING = {**LOGGING, "handlers": {"stdout": {"class": "logging.NullHandler"}}}

if "postgresql" in DATABASES["default"]["ENGINE"]:
    # Dropping a test database takes longer than the statement timeout for requests.
    DATABASES["default"]["OPTIONS"]["options"] = "-c lock_timeout=1s -c statement_timeout=60s"
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # Threads can't share a database in memory, so it is a file.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(tempfile.mkdtemp()) / "test.sqlite3")}
