"""Checks of the project around wxlogin: signing keys, time zones, database, user model, cache, file storage."""

import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, Storage, default_storage
from django.urls import get_script_prefix

from wxlogin import tokens
from wxlogin.conf import conf
from wxlogin.shared_cache import is_shared

# The option by which each kind of cache limits a call.
CACHE_TIMEOUTS = {"redis": "socket_timeout", "pymemcache": "timeout"}


def project_problems() -> Iterator[CheckMessage]:
    """Yield what would break logins in this project."""
    if not settings.DEBUG and any(len(key.reveal().encode()) < 32 for key in tokens.symmetric_keys()):
        yield Error(
            "A key that JWTs are signed or verified with is shorter than 32 bytes.",
            hint="Make SECRET_KEY and every SECRET_KEY_FALLBACKS at least 32 random bytes long, or "
            "SIMPLE_JWT['SIGNING_KEY'] and every WXLOGIN['SIGNING_KEY_FALLBACKS'].",
            id="wxlogin.E020",
        )
    if not settings.USE_TZ:
        yield Error(
            "USE_TZ is off, and sessions need times without doubt.",
            hint="Set USE_TZ = True.",
            id="wxlogin.E021",
        )
    database = settings.DATABASES["default"]
    level = database.get("OPTIONS", {}).get("isolation_level", "read committed")
    if "mysql" in database["ENGINE"] and level != "read committed":
        yield Warning(
            f"MySQL's isolation level is {level!r}: parallel first logins will be refused as deadlocks.",
            hint='Leave out OPTIONS["isolation_level"]; Django\'s own choice is "read committed".',
            id="wxlogin.W006",
        )
    if missing := tokens.missing_user_id_field():
        yield Error(
            f"The user model {settings.AUTH_USER_MODEL} has no {missing!r}, which JWTs are to name users by.",
            hint='Set SIMPLE_JWT["USER_ID_FIELD"] to the name of its primary key.',
            id="wxlogin.E022",
        )


def deployment_problems() -> Iterator[CheckMessage]:
    """Yield warnings about settings that are fine for development and not for production."""
    if conf.derives_keys():
        yield Warning(
            "Secrets at rest are sealed with a key derived from SECRET_KEY.",
            hint="Set WXLOGIN['ENCRYPTION_KEYS'], so that SECRET_KEY can change on its own. A key: "
            'python -c "import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())"',
            id="wxlogin.W004",
        )
    if not is_shared():
        yield Warning(
            "The default cache is not shared between processes, so each one counts throttles for itself.",
            hint="Use Redis or Memcached as the default cache.",
            id="wxlogin.W005",
        )
    yield from _missing_timeouts()
    for app in conf.APPS.values():
        if app.push_token and not app.push_aes_key:
            yield Warning(
                f"WXLOGIN['APPS'][{app.appid!r}] receives pushes in plain mode: their signature does not cover "
                "what they say.",
                hint="Choose the secure mode in the WeChat console and set PUSH_AES_KEY to its EncodingAESKey.",
                id="wxlogin.W007",
            )
    if not _has_folder_and_url(default_storage):
        yield Warning(
            "MEDIA_ROOT or MEDIA_URL is missing, or STORAGES['default'] is unusable: avatars would be kept in "
            "the working directory, have no address, or not be kept at all.",
            hint="Set both, and have a web server serve the one under the other; or set STORAGES['default'].",
            id="wxlogin.W008",
        )
    if not logging.getLogger("wxlogin").isEnabledFor(logging.INFO):
        yield Warning(
            "Decisions about people are not logged, so the restore of a backup could not redo them.",
            hint="Let logger wxlogin log at INFO: see LOGGING in the README.",
            id="wxlogin.W012",
        )


def _missing_timeouts() -> Iterator[CheckMessage]:
    """Yield a warning for each server that a request would wait for longer than for WeChat."""
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    if "sqlite" not in database["ENGINE"] and not _is_limit(options.get("connect_timeout")):
        yield Warning(
            "Connecting to the database may take longer than UPSTREAM_DEADLINE.",
            hint='Set DATABASES["default"]["OPTIONS"]["connect_timeout"] to 2 (seconds).',
            id="wxlogin.W009",
        )
    pool = options.get("pool")
    if pool and not (isinstance(pool, dict) and _is_limit(pool.get("timeout"))):
        yield Warning(
            "A request may wait for a connection of the pool for longer than UPSTREAM_DEADLINE.",
            hint='Set DATABASES["default"]["OPTIONS"]["pool"]["timeout"] to 2 (seconds), and CONN_HEALTH_CHECKS to '
            "False: the pool's check has no time limit.",
            id="wxlogin.W011",
        )
    cache = settings.CACHES["default"]
    names = [name for backend, name in CACHE_TIMEOUTS.items() if backend in cache["BACKEND"].lower()]
    limits = {name.lower(): value for name, value in cache.get("OPTIONS", {}).items()}
    if names and not _is_limit(limits.get(names[0])):
        yield Warning(
            "A call to the default cache may take longer than UPSTREAM_DEADLINE.",
            hint='Set CACHES["default"]["OPTIONS"] to {"socket_timeout": 0.4, "socket_connect_timeout": 0.4} for '
            'Redis (django-redis: in capital letters), or {"timeout": 0.4, "connect_timeout": 0.4} for Memcached.',
            id="wxlogin.W010",
        )


def _is_limit(seconds: Any) -> bool:
    """True for a number of seconds that a request has time for."""
    try:
        return 0 < float(seconds) <= conf.UPSTREAM_DEADLINE
    except (TypeError, ValueError):
        return False


def _has_folder_and_url(storage: Storage) -> bool:
    """True if the storage isn't a folder, or if its folder and its URL are both set.

    False if the storage can't even be created. An empty MEDIA_URL counts as not set: it means the root of the site.
    """
    try:
        if not isinstance(storage, FileSystemStorage):
            return True
    except (ImproperlyConfigured, ImportError, TypeError):
        return False
    return bool(storage.base_location) and storage.base_url not in (None, get_script_prefix())
