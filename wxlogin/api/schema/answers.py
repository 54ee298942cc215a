"""Rows of the table as OpenAPI's Response Objects, refusals and headers included."""

from collections.abc import Iterable, Mapping
from inspect import isfunction
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework.views import APIView

from wxlogin.api.errors import ANSWERS
from wxlogin.api.serializers import UserSerializer
from wxlogin.caller import SANE_REQUEST_ID
from wxlogin.conf import conf

from .operations import JSON, Body, Operation, Success

EVERYWHERE = ("method_not_allowed",)
WITH_BEARER = ("token_invalid", "session_ended", "storage_unavailable")
WITH_BODY = ("invalid_request", "too_large", "unsupported_media_type")
REASONS = {"session_ended": "logged_out", "account_disabled": "Spam"}

ALL_HEADERS = ("Cache-Control", "X-Request-ID")
HEADERS_OF = {401: ("WWW-Authenticate",), 405: ("Allow",), 429: ("Retry-After",), 503: ("Retry-After",)}
HEADERS: dict[str, dict[str, Any]] = {
    "Cache-Control": {
        "description": "No answer is for keeping.",
        "schema": {"type": "string", "enum": ["no-store"]},
    },
    "X-Request-ID": {
        "description": "Finds the call in the log and in the admin. Yours, if you sent one of this pattern.",
        "schema": {"type": "string", "pattern": f"^{SANE_REQUEST_ID.pattern}$"},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string", "enum": ["Bearer"]},
    },
    "Allow": {"description": "The methods that are.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
}


def success_of(answer: Success | None) -> dict[Any, OpenApiResponse]:
    """In drf-spectacular's words, which knows serializers."""
    if answer is None:
        return {204: OpenApiResponse(description="Done.")}
    is_made_now = isfunction(answer.shape)
    shape = answer.shape() if is_made_now else answer.shape
    holds = not is_made_now or conf.USER_SERIALIZER is UserSerializer
    examples = [OpenApiExample("answer", answer.example)] if holds else []
    return {(200, answer.media_type): OpenApiResponse(shape, "Done.", examples)}


def refusals_of(view: type[APIView], row: Operation, refusal: dict[str, Any]) -> dict[str, Any]:
    """By status. ``refusal`` refers to the shape that they share."""
    wrong = row.body.wrong if isinstance(row.body, Body) else {}
    by_status = _by_status(codes_of(view, row))
    return {str(status): _refusal(codes, refusal, wrong) for status, codes in by_status.items()}


def codes_of(view: type[APIView], row: Operation) -> set[str]:
    """The row's own, and those that its view shares with others."""
    codes = {*EVERYWHERE, *row.refuses}
    if view.authentication_classes:
        codes.update(WITH_BEARER)
    if view.throttle_classes:
        codes.add("throttled")
    if isinstance(row.body, Body):
        codes.update(WITH_BODY)
    return codes


def headers_of(status: str) -> tuple[str, ...]:
    return (*ALL_HEADERS, *HEADERS_OF.get(int(status), ()))


def _by_status(codes: Iterable[str]) -> dict[int, list[str]]:
    """In the order of ``ANSWERS``."""
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes, key=list(ANSWERS).index):
        by_status.setdefault(ANSWERS[code].status, []).append(code)
    return by_status


def _refusal(codes: list[str], refusal: dict[str, Any], wrong: Mapping[str, str]) -> dict[str, Any]:
    one_of_these = {"type": "object", "properties": {"code": {"type": "string", "enum": codes}}}
    examples = {code: {"value": _example(code, wrong)} for code in codes}
    return {
        "description": " or ".join(f"`{code}`" for code in codes),
        "content": {JSON: {"schema": {"allOf": [refusal, one_of_these]}, "examples": examples}},
    }


def _example(code: str, wrong: Mapping[str, str]) -> dict[str, Any]:
    example: dict[str, Any] = {"code": code, "detail": str(ANSWERS[code].detail)}
    if code == "invalid_request":
        example["fields"] = {name: [sentence] for name, sentence in wrong.items()}
    if code in REASONS:
        example["reason"] = REASONS[code]
    return example
