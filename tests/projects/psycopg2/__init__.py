"""A project on psycopg2, the older driver for PostgreSQL.

Its errors have other attributes than psycopg's. The tests show that deadlocks and lock timeouts are recognised and
retried, that a lost or frozen connection is a 503, and that no error quotes a row.
"""

SERVERS = ["POSTGRESQL_URL"]
PACKAGES = ["psycopg2"]
SUITE = ["tests/api/test_database_errors.py", "tests/plumbing/test_deadline.py", "tests/api/test_erase.py"]
