"""A project whose users are known by an 11-digit mobile number, with a further unique column, on PostgreSQL.

The default factory can't fill such a user model. The tests show that the check, the doctor and the answer to a first
login say which columns these are, and that people log in with a factory of the project's own.
"""

SERVERS = ["POSTGRESQL_URL"]
SUITE = []
