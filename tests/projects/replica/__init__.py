"""A project that reads from a replica, under the name ``default``, and writes to the primary server, ``writer``.

The replica is as far behind as can be: it is empty, and a query to it is an error. The tests show that wxlogin reads
its tables, and the users, where they are written. So a login counts at once, and so does the end of a session.
"""

SUITE = [
    "tests/api/test_login.py",
    "tests/api/test_refresh.py",
    "tests/api/test_sessions.py",
    "tests/api/test_export.py",
]
