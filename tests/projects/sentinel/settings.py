"""A host project whose Redis is found by asking a sentinel. The fixture of its tests starts both."""

from tests.helpers.servers import free_port
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

MASTER_PORT, REPLICA_PORT, SENTINEL_PORT = free_port(), free_port(), free_port()
LIMITS = {"socket_timeout": 0.4, "socket_connect_timeout": 0.4}
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://tea/0",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.SentinelClient",
            "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
            "SENTINELS": [("127.0.0.1", SENTINEL_PORT)],
            "SENTINEL_KWARGS": LIMITS,
            "SOCKET_TIMEOUT": 0.4,
            "SOCKET_CONNECT_TIMEOUT": 0.4,
        },
    }
}
DJANGO_REDIS_CONNECTION_FACTORY = "django_redis.pool.SentinelConnectionFactory"
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_sentinel"})
