"""Everything that is stored about anybody: in the database, in the cache, in files."""

from pathlib import Path

from django.conf import settings
from django.core.cache import cache

from wxlogin import databases
from wxlogin.shared_cache import shared_cache


def everything() -> bytes:
    return b"\n".join([database(), cached(), files()])


def database() -> bytes:
    """Return every value of every table of the database, other apps' tables included."""
    rows = []
    connection = databases.connection()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            rows += [_as_bytes(value) for row in cursor.fetchall() for value in row]
    return b"\n".join(rows)


def cached() -> bytes:
    """Return the keys and values of the project's cache, and of our own cache that replaces it while it fails."""
    found = []
    for store in (cache._cache if hasattr(cache, "_cache") else {}, shared_cache._fallback._cache):
        if isinstance(store, dict):
            found += [repr(store).encode()]
        else:
            client = store.get_client()
            found += [key + b" " + (client.get(key) or b"") for key in client.keys("*")]
    return b"\n".join(found)


def files() -> bytes:
    paths = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    return b"\n".join(str(path).encode() + b"\n" + path.read_bytes() for path in paths)


def _as_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
