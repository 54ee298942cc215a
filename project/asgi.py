"""The project under ASGI, with a limit for bodies.

Under ASGI, Django reads a whole body before it looks at the request, without any limit of size.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

django_application = get_asgi_application()


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    await django_application(scope, bounded(scope, receive) if scope["type"] == "http" else receive, send)


def bounded(scope: dict[str, Any], receive: Receive) -> Receive:
    """Return a ``receive`` that ends a body at ``DATA_UPLOAD_MAX_MEMORY_SIZE``.

    A body that is declared larger ends before its first byte. The headers stay, so the views refuse it.
    """
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    declared = int(dict(scope["headers"]).get(b"content-length", b"0"))
    left = -1 if declared > limit else limit
    has_ended = False

    async def receive_bounded() -> Message:
        nonlocal left, has_ended
        if left < 0 and not has_ended:
            has_ended = True
            return {"type": "http.request", "body": b"", "more_body": False}
        message = await receive()
        # Drop the rest. Django expects nothing but a disconnect now.
        while has_ended and message["type"] == "http.request":
            message = await receive()
        left -= len(message.get("body", b""))
        has_ended = not message.get("more_body", False)
        return message

    return receive_bounded
