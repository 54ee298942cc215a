"""A project whose users and WeChat users are in another database than ``default``, and on another kind of server.

``default`` is SQLite and ``people`` is PostgreSQL. The tests show that each
transaction is one of ``people``: what fails is rolled back there, what is stored is stored, and no transaction is open
while WeChat is asked.
"""

SERVERS = ["POSTGRESQL_URL"]
PACKAGES = ["psycopg"]
SUITE = ["tests/api/test_erase.py", "tests/api/test_consent_events.py"]
