"""The limit for bodies under ASGI."""

import asyncio
import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import override_settings

from project.asgi import application

PART = b" " * 64 * 1024
# More than what may be read, in parts.
PARTS = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // len(PART) + 10


def ask(address: str, *body: bytes, ends: bool, **headers: str) -> tuple[int, str, int]:
    """Post ``body`` to ``login/``. Return the status, the code, and how many parts were read before the answer.

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

    async def converse() -> tuple[int, str, int]:
        client = ApplicationCommunicator(application, scope)
        for position, part in enumerate(body, 1):
            more = position < len(body) or not ends
            await client.send_input({"type": "http.request", "body": part, "more_body": more})
        answer: dict[str, Any] = await client.receive_output(timeout=5)
        unread = client.input_queue.qsize()
        refusal = json.loads((await client.receive_output(timeout=5))["body"])
        await client.wait(timeout=5)
        return answer["status"], refusal["code"], len(body) - unread

    return asyncio.run(converse())


def test_a_body_declared_too_large_is_refused_unread(address: str) -> None:
    assert ask(address, PART, ends=False, content_length=str(10**12)) == (413, "too_large", 0)


@pytest.mark.parametrize("ends", [False, True])
def test_a_body_without_a_length_is_refused_at_the_limit(address: str, ends: bool) -> None:
    """Don't wait for its end, and don't take what came so far for the whole."""
    read = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // len(PART) + 1

    assert ask(address, *[PART] * PARTS, ends=ends) == (413, "too_large", read)


@pytest.mark.parametrize("length", ["abc", "", "5, 5", "9" * 5000])
def test_a_length_that_is_no_number_is_no_error(address: str, length: str) -> None:
    """The servers refuse such a header. If one doesn't, the limit holds all the same."""
    assert ask(address, b"{}", ends=True, content_length=length)[:2] == (400, "invalid_request")
    assert ask(address, *[PART] * PARTS, ends=False, content_length=length)[:2] == (413, "too_large")


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=None)
def test_without_a_limit_every_body_is_read(address: str) -> None:
    assert ask(address, *[PART] * PARTS, ends=True) == (400, "invalid_request", PARTS)


@pytest.mark.parametrize("length", [2, 64 * 1024])
def test_other_bodies_arrive_whole(address: str, length: int) -> None:
    body = b"{" + b" " * (length - 2) + b"}"

    assert ask(address, body[: length // 2], body[length // 2 :], ends=True, content_length=str(length)) == (
        400,
        "invalid_request",
        2,
    )
