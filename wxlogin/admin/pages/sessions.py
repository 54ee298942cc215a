import re
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _

from wxlogin.clock import utc_now
from wxlogin.models import LoginSession
from wxlogin.services.staff import lookup

from ..acts import ActsOnRows, EndSessions
from ..base import ReadOnlyPage
from ..columns import PersonColumns, badge
from ..filters import AppFilter, CreatedFilter, SessionStateFilter
from ..links import act_url

SYSTEMS = [
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Mac", r"Mac OS X"),
    ("Windows", r"Windows"),
    ("Android", r"Android"),
]


class LoginSessionPage(ActsOnRows, PersonColumns, ReadOnlyPage):
    list_display = [
        "short_id",
        "person",
        "app",
        "state",
        "device",
        "created_at",
        "last_seen_at",
        "expires_at",
        "address",
        "release",
    ]
    list_filter = [AppFilter, SessionStateFilter, CreatedFilter]
    list_select_related = ["wechat_user"]
    ordering = ["-created_at"]
    # If staff could reverse the order, a database would look for a filter's rows along it, through the whole table.
    sortable_by = ()
    # Django shows a search box only if this isn't empty. ``get_search_results`` decides what is searched.
    search_fields = ["public_id"]
    search_help_text = _("A whole session id, openid, unionid, phone number or user id.")
    lookups = ("wechat_user__id__exact",)
    acts = (EndSessions(),)
    fields = [
        "public_id",
        "person",
        "app",
        "state",
        "to_do",
        "created_at",
        "last_seen_at",
        "expires_at",
        "ended_at",
        "generation",
        "address",
        "device",
        "user_agent",
        "release",
        "client",
        "upstream_ms",
    ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if _is_session_id(term):
            return queryset.with_public_id(term), False
        return queryset.of_people(lookup.pks_in(lookup.find_people(term))), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        session = super().get_object(request, object_id, from_field)
        if session is not None:
            session.allowed_acts = self.allowed_acts(request)
        return session

    @admin.display(description=_("session"))
    def short_id(self, session: LoginSession) -> str:
        return str(session)

    def no_person(self, session: LoginSession) -> str:
        return str(_("erased"))

    @admin.display(description=_("state"))
    def state(self, session: LoginSession) -> SafeString:
        return session_state(session)

    @admin.display(description=_("device"))
    def device(self, session: LoginSession) -> str:
        return device_name(session.user_agent)

    @admin.display(description=_("actions"))
    def to_do(self, session: LoginSession) -> str:
        if session.is_over(utc_now()) or not session.allowed_acts:  # type: ignore[attr-defined]
            return "-"
        return format_html('<a href="{}">{}</a>', act_url(session, "end_sessions"), EndSessions.label)


def session_state(session: LoginSession) -> SafeString:
    if session.ended_at:
        return badge("quiet", session.get_end_reason_display())
    if session.is_over(utc_now()):
        return badge("quiet", LoginSession.EndReason.EXPIRED.label)
    return badge("good", _("live"))


def device_name(user_agent: str) -> str:
    """Return a name that people know, as far as the user agent tells: "iPhone, WeChat 8.0.60"."""
    system = next((name for name, pattern in SYSTEMS if re.search(pattern, user_agent)), "")
    wechat = re.search(r"MicroMessenger/([0-9.]{1,16})", user_agent)
    parts = [system, gettext("WeChat %s") % wechat[1] if wechat else ""]
    return ", ".join(filter(None, parts)) or "-"


def _is_session_id(text: str) -> bool:
    return bool(re.fullmatch("[0-9a-f]{32}", text))
