"""Turn rows of the table of operations into OpenAPI Response Objects, with refusals and headers."""

from collections.abc import Iterable, Mapping
from inspect import isfunction
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework.views import APIView

from wxlogin.api.errors import ANSWERS
from wxlogin.api.serializers import UserSerializer
from wxlogin.caller import SANE_REQUEST_ID
from wxlogin.conf import conf

from .operations import JSON, Operation, ParsedBody, SuccessAnswer

# Codes that a row doesn't list, since they follow from its view.
CODES_OF_ALL = ("method_not_allowed", "internal_error")
CODES_WITH_BEARER = ("token_invalid", "session_ended", "storage_unavailable")
CODES_WITH_BODY = ("invalid_request", "too_large", "unsupported_media_type")
REASONS = {"session_ended": "logged_out", "account_disabled": "Spam"}

ALL_HEADERS = ("Cache-Control", "X-Request-ID")
HEADERS_BY_STATUS = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
HEADERS: dict[str, dict[str, Any]] = {
    "Cache-Control": {
        "description": "Answers must not be cached.",
        "schema": {"type": "string", "enum": ["no-store"]},
    },
    "X-Request-ID": {
        "description": "The id of the call in the log and in the admin: your own, if you sent one of this pattern.",
        "schema": {"type": "string", "pattern": f"^{SANE_REQUEST_ID.pattern}$"},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string", "enum": ["Bearer"]},
    },
    "Allow": {"description": "The allowed methods.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
}


def success_response(answer: SuccessAnswer | None) -> dict[Any, OpenApiResponse]:
    """Return the response to a call that succeeds, keyed as drf-spectacular wants it. None means a 204."""
    if answer is None:
        return {204: OpenApiResponse(description="Done.")}
    depends_on_project = isfunction(answer.shape)
    shape = answer.shape() if depends_on_project else answer.shape
    example_fits = not depends_on_project or conf.USER_SERIALIZER is UserSerializer
    examples = [OpenApiExample("answer", answer.example)] if example_fits else []
    return {(200, answer.media_type): OpenApiResponse(shape, "Done.", examples)}


def refusal_responses(view: type[APIView], row: Operation, refusal: dict[str, Any]) -> dict[str, Any]:
    """Return the responses to refused calls, by status.

    ``refusal`` is a reference to the schema component that all refusals share.
    """
    field_errors = row.body.field_errors if isinstance(row.body, ParsedBody) else {}
    by_status = _group_by_status(refusal_codes(view, row))
    return {str(status): _refusal(codes, refusal, field_errors) for status, codes in by_status.items()}


def refusal_codes(view: type[APIView], row: Operation) -> set[str]:
    """Return the codes that the row lists, and those that follow from the view's classes."""
    codes = {*CODES_OF_ALL, *row.refuses}
    if view.authentication_classes:
        codes.update(CODES_WITH_BEARER)
    if view.throttle_classes:
        codes.add("throttled")
    if isinstance(row.body, ParsedBody):
        codes.update(CODES_WITH_BODY)
    return codes


def header_names(status: str) -> tuple[str, ...]:
    return (*ALL_HEADERS, *HEADERS_BY_STATUS.get(int(status), ()))


def _group_by_status(codes: Iterable[str]) -> dict[int, list[str]]:
    """Group codes by their status, in the order of ``ANSWERS``."""
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes, key=list(ANSWERS).index):
        by_status.setdefault(ANSWERS[code].status, []).append(code)
    return by_status


def _refusal(codes: list[str], refusal: dict[str, Any], field_errors: Mapping[str, str]) -> dict[str, Any]:
    one_of_these = {"type": "object", "properties": {"code": {"type": "string", "enum": codes}}}
    examples = {code: {"value": _example(code, field_errors)} for code in codes}
    return {
        "description": " or ".join(f"`{code}`" for code in codes),
        "content": {JSON: {"schema": {"allOf": [refusal, one_of_these]}, "examples": examples}},
    }


def _example(code: str, field_errors: Mapping[str, str]) -> dict[str, Any]:
    example: dict[str, Any] = {"code": code, "detail": str(ANSWERS[code].detail)}
    if code == "invalid_request":
        example["fields"] = {name: [sentence] for name, sentence in field_errors.items()}
    if code in REASONS:
        example["reason"] = REASONS[code]
    return example
