"""A project of many tenants with django-tenants, each with a schema of its own in one PostgreSQL.

The tests show that a person, a session and a picture of one tenant are nobody's in another.
"""

SERVERS = ["POSTGRESQL_URL"]
PACKAGES = ["django_tenants", "psycopg"]
SUITE = []
