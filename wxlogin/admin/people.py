from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from wxlogin.conf import conf
from wxlogin.models import LoginSession, SessionKey, WeChatUser
from wxlogin.services import sessions
from wxlogin.vault import CannotOpen

from .base import AppFilter, ReadOnlyAdmin, app_name, badge, shown_time
from .blocking import Blocks
from .masks import mask_address, mask_id, mask_phone
from .sessions import EndsSessions, session_state

RECENT = 10


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [
            *([("disabled", _("account disabled"))] if _keeps_who_is_active() else []),
            ("blocked", _("blocked")),
            ("conflict", _("unionid conflict")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "disabled":
            return queryset.filter(user__is_active=False) if _keeps_who_is_active() else queryset.none()
        if self.value() == "blocked":
            return queryset.blocked(timezone.now())
        if self.value() == "conflict":
            return queryset.in_conflict(conf.groups())
        return queryset


class WeChatUserAdmin(Blocks, EndsSessions, ReadOnlyAdmin):
    list_display = ["person", "nickname", "app", "state", "live_sessions", "last_login_at", "created_at"]
    list_filter = [AppFilter, StateFilter]
    list_select_related = ["user"]
    ordering = ["-last_login_at"]
    sortable_by = ["last_login_at", "created_at"]
    search_fields = ["openid__exact", "unionid__exact"]
    search_help_text = _("A whole openid, unionid or phone number.")
    actions = ["end_sessions", "block", "unblock"]
    fieldsets = [
        (_("Who"), {"fields": ["nickname", "app", "person", "masked_unionid", "account", "phone"]}),
        (
            _("State"),
            {
                "fields": [
                    "state",
                    "blocked_at",
                    "blocked_until",
                    "block_reason",
                    "block_reason_public",
                    "created_at",
                    "last_login_at",
                ]
            },
        ),
        (_("WeChat session key"), {"fields": ["key_held", "key_state", "key_obtained", "key_checked"]}),
        (_("Login sessions"), {"fields": ["recent_sessions"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WeChatUser]:
        people: QuerySet[WeChatUser] = super().get_queryset(request)
        conflict = WeChatUser.objects.in_conflict(conf.groups()).filter(pk=OuterRef("pk"))
        return people.annotate(
            live=LoginSession.objects.live_per_person(timezone.now()), in_conflict=Exists(conflict)
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WeChatUser], search_term: str
    ) -> tuple[QuerySet[WeChatUser], bool]:
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        return found | queryset.with_phone(search_term), may_have_duplicates  # type: ignore[attr-defined]

    @admin.action(description=_("End all login sessions of the selected people"), permissions=["end"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[WeChatUser]) -> None:
        self.tell_ended(request, sessions.end_sessions_of_people(queryset, staff=request.user))

    @admin.display(description=_("openid"))
    def person(self, wechat_user: WeChatUser) -> str:
        return mask_id(wechat_user.openid)

    @admin.display(description=_("unionid"))
    def masked_unionid(self, wechat_user: WeChatUser) -> str:
        return mask_id(wechat_user.unionid)

    @admin.display(description=_("app"))
    def app(self, wechat_user: WeChatUser) -> str:
        return app_name(wechat_user.appid)

    @admin.display(description=_("user"))
    def account(self, wechat_user: WeChatUser) -> str:
        meta = wechat_user.user._meta
        try:
            url = reverse(
                f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(wechat_user.user_id)]
            )
        except NoReverseMatch:  # the project keeps its users out of the admin
            return str(wechat_user.user)
        return format_html('<a href="{}">{}</a>', url, wechat_user.user)

    @admin.display(description=_("phone"))
    def phone(self, wechat_user: WeChatUser) -> str:
        try:
            phone = wechat_user.phone
        except CannotOpen:
            return str(_("sealed with a key that is no longer listed"))
        return mask_phone(phone) if phone else "-"

    @admin.display(description=_("state"))
    def state(self, wechat_user: WeChatUser) -> str:
        if not wechat_user.user.is_active:
            return badge("bad", _("account disabled"))
        if wechat_user.is_blocked(timezone.now()):
            return badge("bad", _("blocked"))
        if wechat_user.in_conflict:  # type: ignore[attr-defined]
            return badge("bad", _("unionid conflict"))
        return badge("good", pgettext_lazy("account state", "active"))

    @admin.display(description=_("live sessions"))
    def live_sessions(self, wechat_user: WeChatUser) -> int:
        return int(wechat_user.live)  # type: ignore[attr-defined]

    @admin.display(description=_("held"), boolean=True)
    def key_held(self, wechat_user: WeChatUser) -> bool:
        key = _key_of(wechat_user)
        return key is not None and key.is_held

    @admin.display(description=_("verdict"), empty_value="-")
    def key_state(self, wechat_user: WeChatUser) -> str | None:
        key = _key_of(wechat_user)
        return key.get_state_display() if key else None

    @admin.display(description=_("obtained at"))
    def key_obtained(self, wechat_user: WeChatUser) -> str:
        key = _key_of(wechat_user)
        return shown_time(key.obtained_at if key else None)

    @admin.display(description=_("checked at"))
    def key_checked(self, wechat_user: WeChatUser) -> str:
        key = _key_of(wechat_user)
        return shown_time(key.checked_at if key else None)

    @admin.display(description=_("latest"))
    def recent_sessions(self, wechat_user: WeChatUser) -> str:
        latest = wechat_user.login_sessions.order_by("-created_at", "-pk")[:RECENT]
        rows = [
            {
                "url": reverse("admin:wxlogin_loginsession_change", args=[session.pk]),
                "session": session,
                "state": session_state(session),
                "ip": mask_address(session.ip),
            }
            for session in latest
        ]
        everything = (
            f"{reverse('admin:wxlogin_loginsession_changelist')}?wechat_user__id__exact={wechat_user.pk}"
        )
        return render_to_string(
            "wxlogin/admin/recent_sessions.html", {"rows": rows, "everything": everything}
        )


def _key_of(wechat_user: WeChatUser) -> SessionKey | None:
    return getattr(wechat_user, "session_key", None)


def _keeps_who_is_active() -> bool:
    """A user model of the project's own may work it out, and then no query can ask."""
    try:
        get_user_model()._meta.get_field("is_active")
    except FieldDoesNotExist:
        return False
    return True
