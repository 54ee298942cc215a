"""The health checks for a load balancer, ``/livez`` and ``/readyz``.

They are answered by the first middleware and not by a view: a load balancer calls by IP address and without TLS,
so later middleware would redirect it to HTTPS or refuse it because of ``ALLOWED_HOSTS``.
"""

import logging
from collections.abc import Callable

from django.core.cache import cache
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from wxlogin.deadline import request_deadline
from wxlogin.models.read_only import is_read_only

logger = logging.getLogger(__name__)


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    answers = {"/livez": livez, "/readyz": readyz}

    def answer(request: HttpRequest) -> HttpResponseBase:
        ask = answers.get(request.path_info)
        return ask() if ask else get_response(request)

    return answer


def livez() -> JsonResponse:
    """Answer that the process runs. It checks nothing else: a restart can't help against a database that is down."""
    return JsonResponse({"status": "ok"})


def readyz() -> JsonResponse:
    """Answer 200 if the database and the cache work, else 503. The body says which of them doesn't, and why."""
    with request_deadline():
        problems = {"database": _problem_of(_ask_database), "cache": _problem_of(_ask_cache)}
    parts = {part: not problem for part, problem in problems.items()}
    if why := {part: problem for part, problem in problems.items() if problem}:
        return JsonResponse({**parts, "why": why}, status=503)
    return JsonResponse(parts)


def _problem_of(ask: Callable[[], None]) -> str:
    """Return ``""``, or the name of the error. Its text may hold a password."""
    try:
        ask()
    # Each backend has errors of its own, and any of them means that it isn't ready.
    except Exception as exc:  # noqa: BLE001
        logger.warning("not ready: %s", type(exc).__name__)
        return type(exc).__name__
    return ""


class DatabaseReadOnly(Exception):
    """The database answers, but it refuses writes, so nobody could log in."""


def _ask_database() -> None:
    if is_read_only():
        raise DatabaseReadOnly


def _ask_cache() -> None:
    cache.set("readyz", 1, 5)
