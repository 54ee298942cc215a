"""Redis behind Sentinel as the cache, through django-redis.

Its tests show that everything works, also after Sentinel made the replica the master, and that the checks look for time
limits of the connections to the sentinels too.
"""

PROGRAMS = ["redis-server", "redis-sentinel"]
PACKAGES = ["django_redis"]
SUITE = []
