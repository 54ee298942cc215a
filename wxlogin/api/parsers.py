import json
from collections.abc import Mapping
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MAX_BODY = 64 * 1024


class BoundedJSONParser(BaseParser):
    """UTF-8 JSON of at most 64 KiB, however deep."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise RequestDataTooBig
        try:
            return json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError):
            raise ParseError from None
