"""The staff pages. Each page is a mixin; ``register`` combines them with a ``ModelAdmin`` and puts them on a site."""

from typing import Any

from django.contrib import admin

from wxlogin.models import LoginFailure, LoginSession, Overview, SessionKey, StaffAct, WeChatUser

from .pages import token_blacklist
from .pages.failures import LoginFailurePage
from .pages.overview import OverviewPage
from .pages.people import WeChatUserPage
from .pages.session_keys import SessionKeyPage
from .pages.sessions import LoginSessionPage
from .pages.staff_log import StaffActPage

__all__ = [
    "PAGES",
    "LoginFailurePage",
    "LoginSessionPage",
    "OverviewPage",
    "SessionKeyPage",
    "StaffActPage",
    "WeChatUserPage",
    "register",
]

PAGES: dict[Any, type] = {
    Overview: OverviewPage,
    WeChatUser: WeChatUserPage,
    LoginSession: LoginSessionPage,
    SessionKey: SessionKeyPage,
    LoginFailure: LoginFailurePage,
    StaffAct: StaffActPage,
}


def register(
    site: admin.AdminSite = admin.site,
    base: type[admin.ModelAdmin] = admin.ModelAdmin,
    pages: dict[Any, type] | None = None,
) -> None:
    """Register the staff pages on ``site``, and replace pages that are registered already.

    ``base`` is the ``ModelAdmin`` that each page is combined with: give the one of your theme. ``pages`` holds
    pages of your own by model; they replace ours.
    """
    for model, page in {**PAGES, **token_blacklist.pages(), **(pages or {})}.items():
        if site.is_registered(model):
            site.unregister(model)
        site.register(
            model, type(page.__name__.replace("Page", "Admin"), (page, base), {"__module__": __name__})
        )


register()
