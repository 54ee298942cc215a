"""Pages for Simple JWT's blacklist app. They replace its own pages, which show live refresh tokens to every viewer."""

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
        """False, also if a user is deleted: a blacklisted token without its row would be accepted again."""
        return False


class OutstandingTokenPage(TokenPage):
    """Ids of the issued tokens, and when they expire. The page never shows a token."""

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
    """Return the pages to register: none if the app isn't installed, or if the project keeps Simple JWT's pages."""
    if not apps.is_installed("rest_framework_simplejwt.token_blacklist") or conf.KEEP_TOKEN_ADMIN:
        return {}
    # Load Simple JWT's own pages first. Loaded later, they would fail, since the models would be registered already.
    import_module("rest_framework_simplejwt.token_blacklist.admin")
    return {
        apps.get_model(APP, "OutstandingToken"): OutstandingTokenPage,
        apps.get_model(APP, "BlacklistedToken"): BlacklistedTokenPage,
    }
