"""django-redis as the cache, with its JSON or msgpack serializer, or with compression.

Its tests show that the cache takes everything that wxlogin stores, that nothing read back from it costs anybody a login,
and that a serializer that refuses a value costs that value only.
"""

SERVERS = ["CACHE_URL"]
PACKAGES = ["django_redis", "msgpack"]
SUITE = []
