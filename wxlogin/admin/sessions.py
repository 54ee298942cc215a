from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _, ngettext

from wxlogin.models import LoginSession
from wxlogin.services import sessions

from .base import AppFilter, ReadOnlyAdmin, app_name, badge
from .masks import mask_address, mask_id


class SessionAppFilter(AppFilter):
    column = "wechat_user__appid"


class LiveFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("live", _("live")), *LoginSession.EndReason.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "live":
            return queryset.live(timezone.now())
        return queryset.filter(end_reason=self.value()) if self.value() else queryset


class EndsSessions(admin.ModelAdmin):
    """Who may end login sessions, and what they are told."""

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wxlogin.end_loginsession")

    def tell_ended(self, request: HttpRequest, count: int) -> None:
        if not count:
            self.message_user(request, _("Nothing to end: all of it was over already."), messages.WARNING)
            return
        text = ngettext(
            "%d login session ended. Its tokens are refused from the next request on.",
            "%d login sessions ended. Their tokens are refused from the next request on.",
            count,
        )
        self.message_user(request, text % count, messages.SUCCESS)


class LoginSessionAdmin(EndsSessions, ReadOnlyAdmin):
    list_display = [
        "short_id",
        "person",
        "app",
        "state",
        "created_at",
        "last_seen_at",
        "expires_at",
        "address",
        "release",
    ]
    list_filter = [SessionAppFilter, LiveFilter]
    list_select_related = ["wechat_user"]
    ordering = ["-created_at"]
    sortable_by = ["created_at"]
    search_fields = ["public_id__exact", "wechat_user__openid__exact"]
    search_help_text = _("A whole session id or openid.")
    lookups = ("wechat_user__id__exact",)
    actions = ["end_sessions"]
    fields = [
        "public_id",
        "person",
        "app",
        "state",
        "created_at",
        "last_seen_at",
        "expires_at",
        "ended_at",
        "generation",
        "address",
        "user_agent",
        "release",
    ]

    @admin.action(description=_("End the selected login sessions"), permissions=["end"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[LoginSession]) -> None:
        self.tell_ended(request, sessions.end_sessions(queryset, staff=request.user))

    @admin.display(description=_("session"))
    def short_id(self, session: LoginSession) -> str:
        return str(session)

    @admin.display(description=_("WeChat user"))
    def person(self, session: LoginSession) -> str:
        if session.wechat_user is None:
            return str(_("erased"))
        url = reverse("admin:wxlogin_wechatuser_change", args=[session.wechat_user_id])
        return format_html('<a href="{}">{}</a>', url, mask_id(session.wechat_user.openid))

    @admin.display(description=_("app"))
    def app(self, session: LoginSession) -> str:
        return app_name(session.wechat_user.appid) if session.wechat_user else "-"

    @admin.display(description=_("state"))
    def state(self, session: LoginSession) -> SafeString:
        return session_state(session)

    @admin.display(description=_("IP address"))
    def address(self, session: LoginSession) -> str:
        return mask_address(session.ip)


def session_state(session: LoginSession) -> SafeString:
    if session.ended_at:
        return badge("quiet", session.get_end_reason_display())
    if session.is_over(timezone.now()):
        return badge("quiet", LoginSession.EndReason.EXPIRED.label)
    return badge("good", _("live"))
