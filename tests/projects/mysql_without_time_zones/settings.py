"""The tests' settings in Shanghai's time, on MariaDB."""

import os

os.environ["DATABASE_URL"] = os.environ["MARIADB_URL"]

from tests.settings import *  # noqa: E402, F403
from tests.settings import DATABASES  # noqa: E402

TIME_ZONE = "Asia/Shanghai"
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_without_time_zones"})
