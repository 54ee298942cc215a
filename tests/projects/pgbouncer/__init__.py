"""A project behind PgBouncer in transaction mode, which gives each transaction any of its connections to PostgreSQL.

Here PgBouncer also resets the connection after each transaction, so whatever wxlogin left in a session of the database
would be gone. The tests show that wxlogin needs nothing there.
"""

SERVERS = ["POSTGRESQL_URL"]
PROGRAMS = ["pgbouncer"]
PACKAGES = ["psycopg"]
SUITE = ["tests/api/test_erase.py", "tests/api/test_refresh.py"]
