"""A table of the database, a folder, or Memcached (pymemcache, pylibmc) as the cache; and a project without one.

Its tests show that throttles count and windows end with each of them, and that an error of the table breaks no transaction.
"""

SERVERS = ["POSTGRESQL_URL"]
PROGRAMS = ["memcached"]
PACKAGES = ["pymemcache", "pylibmc"]
SUITE = []
