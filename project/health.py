"""What a load balancer asks.

A middleware and not a URL, and the first one: a load balancer calls by address, without TLS and without a
name that ``ALLOWED_HOSTS`` could know.
"""

import logging
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

logger = logging.getLogger(__name__)


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    answers = {"/livez": livez, "/readyz": readyz}

    def answer(request: HttpRequest) -> HttpResponseBase:
        ask = answers.get(request.path_info)
        return ask() if ask else get_response(request)

    return answer


def livez() -> JsonResponse:
    """The process answers. Touches nothing else: a dead database is no reason to restart it."""
    return JsonResponse({"status": "ok"})


def readyz() -> JsonResponse:
    """The database and the cache answer too; 503 says which doesn't."""
    parts = {"database": _works(_ask_database), "cache": _works(_ask_cache)}
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


def _works(ask: Callable[[], None]) -> bool:
    try:
        ask()
    except Exception as exc:  # noqa: BLE001  each backend has errors of its own; any means not ready
        logger.warning("not ready: %s", type(exc).__name__)
        return False
    return True


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_cache() -> None:
    cache.set("readyz", 1, 5)
