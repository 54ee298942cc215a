"""Parsers that limit the size of a request's body, and that hide it from crash reports."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

from wxlogin.conf import conf
from wxlogin.secret import PrivateDict, Secret

# Bytes.
MAX_BODY = 64 * 1024
MAX_UPLOAD = 2 * 1024 * 1024


def refuse_if_declared_larger(request: HttpRequest, limit: int) -> None:
    """Raise ``RequestDataTooBig`` if ``Content-Length`` is over ``limit``, without reading the body.

    The header can be trusted as a limit: Django reads at most as many bytes as it says, and none if it is missing
    or no number.
    """
    if declared_length(request) > limit:
        raise RequestDataTooBig


def declared_length(request: HttpRequest) -> int:
    """Return ``Content-Length``, or 0 if it is missing or no number."""
    with suppress(ValueError):
        return int(request.META.get("CONTENT_LENGTH") or 0)
    return 0


def drain(request: HttpRequest) -> None:
    """Read what is left of a body that isn't too large, if a proxy of ours is in front, which has it ready.

    A server that closes a connection with bytes unread resets it. A proxy that is still sending them then loses the
    answer, and makes up one of its own. Without a proxy, a slow client would hold the thread.
    """
    # The client may be gone.
    with suppress(ValueError, OSError):
        if conf.TRUSTED_PROXIES and declared_length(request) <= MAX_UPLOAD:
            while request.read(MAX_BODY):
                pass


def read_bounded(request: HttpRequest, stream: IO[bytes] | None) -> Secret[bytes]:
    """Return the body, of at most 64 KiB. Raises ``RequestDataTooBig`` for a longer one, ``UnreadablePostError``.

    ``stream`` is DRF's: something may have read ``request`` itself already. It is None if there is no body.
    """
    refuse_if_declared_larger(request, MAX_BODY)
    body = Secret((stream or request).read(MAX_BODY + 1))
    if len(body) > MAX_BODY:
        raise RequestDataTooBig
    # Some servers raise an error if the client hangs up, others return what came.
    if len(body) < declared_length(request):
        raise UnreadablePostError
    return body


def conceal(body: Mapping[str, Any]) -> PrivateDict:
    """Return the body with its texts as ``Secret``. No field takes an object or a list, so theirs stay as they are."""
    return PrivateDict(
        {name: Secret(value) if isinstance(value, str) else value for name, value in body.items()}
    )


class BoundedJSONParser(BaseParser):
    """Parse a JSON object in UTF-8 of at most 64 KiB. Its texts come as ``Secret``."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> PrivateDict:
        body = read_bounded((parser_context or {})["request"], stream)
        parsed: Any = None
        with suppress(ValueError, RecursionError):
            parsed = json.loads(body.reveal().decode("utf-8"), object_hook=PrivateDict)
        if not isinstance(parsed, PrivateDict):
            raise ParseError
        return conceal(parsed)


class BoundedFormParser(MultiPartParser):
    """Parse a form with a file, of at most 2 MiB in all."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> DataAndFiles:
        context = dict(parser_context or {})
        refuse_if_declared_larger(context["request"], MAX_UPLOAD)
        # Not the client's choice: some of Python's encodings are no text encodings.
        return super().parse(stream, media_type, {**context, "encoding": "utf-8"})
