"""The form in which Redis keeps what the project caches."""

import json
from contextlib import suppress
from typing import Any


class JSONSerializer:
    """Store JSON. Django's own serializer unpickles what it reads, so whoever can write to Redis runs code here."""

    def dumps(self, value: Any) -> str:
        return json.dumps(value)

    def loads(self, data: bytes) -> Any:
        """Return None for anything but JSON. Code that asks the cache for it gets None, whatever default it gives."""
        with suppress(ValueError, RecursionError):
            return json.loads(data)
        return None
