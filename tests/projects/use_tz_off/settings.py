"""The tests' settings without time zones."""

import os

os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or os.environ["MARIADB_URL"]

from tests.settings import *  # noqa: E402, F403
from tests.settings import DATABASES  # noqa: E402

USE_TZ = False
TIME_ZONE = "Asia/Shanghai"
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_use_tz_off"})
