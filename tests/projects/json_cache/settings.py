"""A host project with django-redis and its JSON serializer."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        # A database of its own: the run that started this one uses the usual one.
        "LOCATION": os.environ["CACHE_URL"].removesuffix("/0") + "/3",
        "OPTIONS": {
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            "SOCKET_TIMEOUT": 0.4,
            "SOCKET_CONNECT_TIMEOUT": 0.4,
        },
    }
}
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_json_cache"})
