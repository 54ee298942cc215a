"""A project with ``USE_TZ = False`` and ``TIME_ZONE = "Asia/Shanghai"`` on MariaDB, as many Chinese projects have it.

Its tests show that people log in, and that staff read and type local times, while the API tells times in UTC. With a
``DATABASE_URL``, the settings serve the whole suite on any database.
"""

SERVERS = ["MARIADB_URL"]
PACKAGES = ["MySQLdb"]
SUITE = [
    "tests/api/test_sessions.py",
    "tests/admin/test_blocking.py",
    "tests/management/purge/test_lost_pictures.py",
    "tests/management/purge/test_rows.py",
    "tests/services/upkeep/test_rollup.py",
]
