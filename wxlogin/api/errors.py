"""All refusals of the API. An exception has a stable code, and each code has a status, a text and headers."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError
from django.http import Http404, UnreadablePostError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as drf
from rest_framework.response import Response

from wxlogin.database_errors import is_unstorable, refuses_values
from wxlogin.exceptions import TooManyPictures, WxLoginError
from wxlogin.log import log
from wxlogin.wechat.errors import BreakerOpen, WeChatError


@dataclass(frozen=True)
class Answer:
    """The answer for one code. ``detail`` is a sentence for people, translated when it is sent."""

    status: int
    detail: str | Promise
    headers: Mapping[str, str] = field(default_factory=dict)


RETRY_SOON = {"Retry-After": "5"}
BEARER = {"WWW-Authenticate": "Bearer"}

ANSWERS: dict[str, Answer] = {
    "invalid_request": Answer(400, _("The request is malformed.")),
    "unknown_app": Answer(400, _("This mini-program is not known here.")),
    "open_data_invalid": Answer(
        400, _("The encrypted data can't be used. Call wx.login, then ask the user again.")
    ),
    "phone_code_invalid": Answer(400, _("The phone code can't be used. Ask for a new tap.")),
    "code_invalid": Answer(
        401, _("The login code is invalid, expired or used. Call wx.login again."), BEARER
    ),
    "token_invalid": Answer(401, _("The token is missing, invalid or expired."), BEARER),
    "session_ended": Answer(401, _("This login session is over. Log in again."), BEARER),
    "user_blocked": Answer(403, _("WeChat does not let this account log in.")),
    "account_disabled": Answer(403, _("This account is disabled.")),
    "not_allowed": Answer(403, _("This is not allowed.")),
    "signature_invalid": Answer(403, _("The signature is wrong.")),
    "not_found": Answer(404, _("There is nothing here.")),
    "method_not_allowed": Answer(405, _("This method is not allowed here.")),
    "session_key_missing": Answer(409, _("WeChat's key for this session is gone. Call wx.login.")),
    "too_large": Answer(413, _("The request is too large.")),
    "unsupported_media_type": Answer(415, _("Send JSON, or a form where a file is asked for.")),
    "throttled": Answer(429, _("Too many requests. Wait a little.")),
    "wechat_too_frequent": Answer(429, _("WeChat asks to slow down. Wait a minute."), {"Retry-After": "60"}),
    "internal_error": Answer(500, _("Something went wrong here. Try again later.")),
    "wechat_misconfigured": Answer(502, _("Login is out of order at the moment. Try again later.")),
    "wechat_bad_response": Answer(502, _("WeChat gave no usable answer. Try again later.")),
    "wechat_unavailable": Answer(503, _("WeChat can't be reached at the moment. Try again."), RETRY_SOON),
    "storage_unavailable": Answer(
        503, _("The service can't be reached at the moment. Try again."), RETRY_SOON
    ),
    "wechat_timeout": Answer(504, _("WeChat took too long. Call wx.login again.")),
}

# The codes for exceptions of Django and DRF. Our own exceptions have a ``code`` attribute.
CODES: dict[type[Exception], str] = {
    drf.ValidationError: "invalid_request",
    drf.ParseError: "invalid_request",
    drf.NotAuthenticated: "token_invalid",
    # A refusal of the project's own, by its ``USER_FACTORY`` for example. Our own tokens raise CredentialsRefused.
    drf.AuthenticationFailed: "not_allowed",
    drf.PermissionDenied: "not_allowed",
    PermissionDenied: "not_allowed",
    drf.NotFound: "not_found",
    Http404: "not_found",
    drf.MethodNotAllowed: "method_not_allowed",
    RequestDataTooBig: "too_large",
    # A form with too many fields or files.
    SuspiciousOperation: "invalid_request",
    BadRequest: "invalid_request",
    # The client hung up in the middle of its body.
    UnreadablePostError: "invalid_request",
    drf.UnsupportedMediaType: "unsupported_media_type",
    drf.Throttled: "throttled",
    OperationalError: "storage_unavailable",
    InterfaceError: "storage_unavailable",
    # PostgreSQL raises it while the database is read-only.
    InternalError: "storage_unavailable",
}


class CredentialsRefused(drf.AuthenticationFailed):
    """A refused token, as an exception that DRF turns into the right answer in a project's own views too."""

    def __init__(self, refusal: WxLoginError) -> None:
        super().__init__(refusal_body(refusal.code, refusal))


def response_to(exc: Exception) -> Response:
    """Return the answer to an exception."""
    if isinstance(exc, CredentialsRefused):
        return Response(exc.detail, 401, headers=BEARER)
    code = code_of(exc)
    if code == "storage_unavailable":
        # Databases quote rows in the text of an error, so only its class is logged.
        log("storage unavailable", logging.ERROR, problem=type(exc).__name__)
    answer = ANSWERS[code]
    return Response(refusal_body(code, exc), answer.status, headers={**answer.headers, **_headers_of(exc)})


def code_of(exc: Exception) -> str:
    """Return the exception's stable code: ``internal_error`` if nobody foresaw it."""
    if isinstance(exc, WxLoginError | WeChatError):
        return exc.code
    # The same request can't succeed later, whatever class the driver gives it: MySQL's call it trouble of the server.
    if is_unstorable(exc) or (isinstance(exc, OperationalError) and refuses_values(exc)):
        return "internal_error"
    # psycopg2 raises DatabaseError itself for a lost connection. Its subclasses mean other things.
    if type(exc) is DatabaseError:
        return "storage_unavailable"
    return next((code for kind, code in CODES.items() if isinstance(exc, kind)), "internal_error")


def refusal_body(code: str, exc: Exception) -> dict[str, Any]:
    """Return the JSON body of a refusal: ``code`` and ``detail``, and ``fields`` or ``reason`` if it has them."""
    body: dict[str, Any] = {"code": code, "detail": str(ANSWERS[code].detail)}
    if code == "invalid_request":
        detail = getattr(exc, "detail", None)
        body["fields"] = detail if isinstance(detail, dict) else {}
    # Exceptions of others have such an attribute too, UnicodeError for example.
    if isinstance(exc, WxLoginError) and (reason := getattr(exc, "reason", "")):
        body["reason"] = str(reason)
    return body


def _headers_of(exc: Exception) -> dict[str, str]:
    if isinstance(exc, drf.Throttled):
        # A project's own code may raise it without a wait.
        return {"Retry-After": str(getattr(exc, "wait", None) or 1)}
    if isinstance(exc, BreakerOpen | TooManyPictures):
        return {"Retry-After": str(exc.retry_after)}
    return {}
