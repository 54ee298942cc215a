"""The limit on guesses at the staff login. django-axes counts them in the database; this is what it asks us."""

import logging
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from wxlogin.api.throttling import client_network
from wxlogin.caller import client_address
from wxlogin.masking import shorten

logger = logging.getLogger(__name__)
MAX_NAME = 255


def counted_address(request: HttpRequest) -> str | None:
    """Return the address that guesses are counted under. For IPv6 it is the first of the /64: one client often has all."""
    address = client_address(request)
    return client_network(address).partition("/")[0] if address else None


def counted_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Return the user name that guesses are counted under, as much of it as the column of django-axes takes."""
    name = str((credentials or request.POST).get("username") or "")
    return name[:MAX_NAME]


def describe(
    username: str | None, ip_address: Any, user_agent: str, path_info: str, request: HttpRequest
) -> str:
    """Return what the log says about a failed login. The name is shortened: somebody may type the password there."""
    return f"user={shorten(username or '')} ip={client_address(request)}"


def answer_locked_out(
    request: HttpRequest, original_response: HttpResponse, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Log and answer a login that isn't even tried, since too many failed before."""
    logger.warning(
        "staff login locked out %s", describe((credentials or {}).get("username"), None, "", "", request)
    )
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    context = {**admin.site.each_context(request), "title": gettext("Log in"), "minutes": minutes}
    answer = render(request, "project/locked_out.html", context, status=429)
    answer["Retry-After"] = str(minutes * 60)
    return answer
