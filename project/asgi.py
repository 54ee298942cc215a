"""The project under ASGI, with a limit for bodies.

Under ASGI, Django reads a whole body before it looks at the request, without any limit of size.
"""

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

django_application = get_asgi_application()

# In the shape of the API's other refusals.
TOO_LARGE = json.dumps({"code": "too_large", "detail": "The request is too large."}).encode()


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if scope["type"] != "http" or limit is None:
        await django_application(scope, receive, send)
        return
    body = BoundedBody(receive, declared_length(scope), limit)
    await django_application(scope, body.receive, send)
    if body.is_too_large:
        await refuse(send)


def declared_length(scope: dict[str, Any]) -> int:
    """Return ``Content-Length``, or 0 if it is missing or no number."""
    with suppress(ValueError):
        return int(dict(scope["headers"]).get(b"content-length", b"0"))
    return 0


class BoundedBody:
    """A request's body, of at most ``limit`` bytes.

    Django reads a body to its end before it does anything else. If it gets to know instead that the client is gone,
    it does nothing and answers nothing, so that no part of a body that is too large is processed.
    """

    def __init__(self, receive: Receive, declared: int, limit: int) -> None:
        self._receive, self._left = receive, limit
        self.is_too_large = declared > limit

    async def receive(self) -> Message:
        if not self.is_too_large:
            message = await self._receive()
            self._left -= len(message.get("body", b""))
            self.is_too_large = self._left < 0
        return {"type": "http.disconnect"} if self.is_too_large else message


async def refuse(send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(TOO_LARGE)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": TOO_LARGE})
