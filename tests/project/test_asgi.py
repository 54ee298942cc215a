"""The limit for bodies under ASGI."""

import asyncio
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from project.asgi import application

PART = b" " * 64 * 1024
# More than what may be read, in parts.
PARTS = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // len(PART) + 10


def ask(address: str, *body: bytes, ends: bool, **headers: str) -> tuple[int, int]:
    """Post ``body`` to ``login/``. Return the status, and how many parts were read before the answer began.

    Unless the body ``ends``, the client has more to send, and doesn't.
    """
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/wechat/login/",
        "query_string": b"",
        "client": (address, 1),
        "headers": [
            (b"host", b"testserver"),
            (b"content-type", b"application/json"),
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
        ],
    }

    async def converse() -> tuple[int, int]:
        client = ApplicationCommunicator(application, scope)
        for position, part in enumerate(body, 1):
            more = position < len(body) or not ends
            await client.send_input({"type": "http.request", "body": part, "more_body": more})
        answer: dict[str, Any] = await client.receive_output(timeout=5)
        unread = client.input_queue.qsize()
        await client.receive_output(timeout=5)
        await client.wait(timeout=5)
        return answer["status"], len(body) - unread

    return asyncio.run(converse())


def test_a_body_declared_too_large_is_refused_unread(address: str) -> None:
    assert ask(address, ends=False, content_length=str(10**12))[0] == 413


def test_a_body_without_a_length_is_read_to_the_limit(address: str) -> None:
    """Count it as empty, and don't wait for its end."""
    assert ask(address, *[PART] * PARTS, ends=False)[0] == 400


@pytest.mark.parametrize("length", [2, 64 * 1024])
def test_other_bodies_arrive_whole(address: str, length: int) -> None:
    body = b"{" + b" " * (length - 2) + b"}"

    assert ask(address, body[: length // 2], body[length // 2 :], ends=True, content_length=str(length)) == (
        400,
        2,
    )
