"""A project in ``Asia/Shanghai`` on a MariaDB whose time zone tables are empty, as they are after an installation.

There, ``CONVERT_TZ`` returns NULL. Its tests show that no page needs it, also if ``DATABASES`` names a ``TIME_ZONE``.
"""

SERVERS = ["MARIADB_URL"]
PACKAGES = ["MySQLdb"]
SUITE = ["tests/services/upkeep/test_rollup.py"]
