"""In place of Simple JWT's own pages of its blacklist app: there, whoever may look reads live refresh tokens."""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wxlogin.conf import conf

from ..base import ReadOnlyPage

APP = "token_blacklist"


class TokenPage(ReadOnlyPage):
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not along with anything: a token that is forgotten here is no longer refused."""
        return False


class OutstandingTokenPage(TokenPage):
    """Which tokens there are and until when; never a token."""

    list_display = ["short_jti", "user", "created_at", "expires_at"]
    list_select_related = ["user"]
    ordering = ["-pk"]
    sortable_by = ()
    fields = ["short_jti", "user", "created_at", "expires_at"]

    @admin.display(description=_("token id"))
    def short_jti(self, token: Any) -> str:
        return f"{token.jti[:8]}…"


class BlacklistedTokenPage(TokenPage):
    list_display = ["short_jti", "user", "blacklisted_at"]
    list_select_related = ["token__user"]
    ordering = ["-pk"]
    sortable_by = ()
    fields = ["short_jti", "user", "blacklisted_at"]

    @admin.display(description=_("token id"))
    def short_jti(self, blacklisted: Any) -> str:
        return f"{blacklisted.token.jti[:8]}…"

    @admin.display(description=_("user"))
    def user(self, blacklisted: Any) -> str:
        return str(blacklisted.token.user)


def pages() -> dict[Any, type[ReadOnlyPage]]:
    """The pages to register; none where the app isn't installed, or where the project keeps its own."""
    if not apps.is_installed("rest_framework_simplejwt.token_blacklist") or conf.KEEP_TOKEN_ADMIN:
        return {}
    # First: else it would register after us, and find the place taken.
    import_module("rest_framework_simplejwt.token_blacklist.admin")
    return {
        apps.get_model(APP, "OutstandingToken"): OutstandingTokenPage,
        apps.get_model(APP, "BlacklistedToken"): BlacklistedTokenPage,
    }
