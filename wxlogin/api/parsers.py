import json
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MAX_BODY = 64 * 1024


class BoundedJSONParser(BaseParser):
    """A JSON object in UTF-8, of at most 64 KiB."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise RequestDataTooBig
        parsed: Any = None
        with suppress(ValueError, RecursionError):
            parsed = json.loads(body.decode("utf-8"))
        if not isinstance(parsed, dict):
            raise ParseError
        return parsed
