"""PyMySQL in the place of mysqlclient, by ``pymysql.install_as_MySQLdb()``.

Its tests show that its errors and its sockets are known: what is an outage, a deadlock or a lost race, and what ends at
the deadline.
"""

SERVERS = ["MARIADB_URL"]
PACKAGES = ["pymysql"]
SUITE = [
    "tests/api/test_database_errors.py",
    "tests/plumbing/test_deadline.py",
]
