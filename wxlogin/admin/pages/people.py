from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from wxlogin.conf import conf
from wxlogin.masking import mask_address, mask_phone
from wxlogin.models import LoginFailure, LoginSession, SessionKey, StaffAct, WeChatUser
from wxlogin.services.accounts.joining import related_identities
from wxlogin.services.meanings import explain
from wxlogin.services.staff import lookup
from wxlogin.vault import CannotOpen

from ..acts import (
    ActsOnRows,
    Block,
    CheckSessionKey,
    EndAllSessions,
    Erase,
    Export,
    Merge,
    ResetSessionKey,
    Reveal,
    Split,
    Unblock,
)
from ..base import OrderedList, ReadOnlyPage
from ..columns import app_name, badge, format_time, isolate, mask_id
from ..filters import AppFilter, CreatedFilter, LastLoginFilter, PhoneFilter, StateFilter, UnionidFilter
from ..links import act_on, link_to_user, list_of, page_of, why_not
from .sessions import device_of, session_state
from .staff_log import act_details

RECENT = 20


class PeopleList(OrderedList):
    """What is worked out for a person is worked out for the page's people alone.

    As an annotation the database would do it for all rows before the page, too.
    """

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = add_counts(list(self.result_list))


def add_counts(people: list[Any]) -> list[Any]:
    """``people`` with ``live``, how many live sessions each has, and ``in_conflict``."""
    pks = [person.pk for person in people]
    live = LoginSession.objects.live_per_person(pks, timezone.now())
    conflicts = WeChatUser.objects.in_conflict(conf.groups()).filter(pk__in=pks)
    in_conflict = set(conflicts.values_list("pk", flat=True))
    for person in people:
        person.live, person.in_conflict = live.get(person.pk, 0), person.pk in in_conflict
    return people


class WeChatUserPage(ActsOnRows, ReadOnlyPage):
    list_class = PeopleList
    list_display = [
        "person",
        "pictured_nickname",
        "app",
        "phone",
        "state",
        "live_sessions",
        "last_login_at",
        "created_at",
    ]
    list_filter = [AppFilter, StateFilter, PhoneFilter, UnionidFilter, LastLoginFilter, CreatedFilter]
    list_select_related = ["user"]
    ordering = ["-last_login_at"]
    sortable_by = ()  # the other way round, a filter would be looked for through all rows
    search_fields = ["openid"]  # what is searched is up to get_search_results
    search_help_text = _(
        "A whole openid, unionid, phone number, user id or session id, or the beginning of an openid. "
        "What you type stands in the address, and so in your server's log."
    )
    acts = (
        EndAllSessions(),
        Block(),
        Unblock(),
        CheckSessionKey(),
        ResetSessionKey(),
        Merge(),
        Split(),
        Reveal(),
        Erase(),
        Export(),
    )

    def get_fieldsets(self, request: HttpRequest, obj: WeChatUser | None = None) -> Any:
        who = ["pictured_nickname", "app", "person", "masked_unionid", "phone", "account"]
        state = ["state", "created_at", "last_login_at", "block"]
        key = ["key_held", "key_state", "key_obtained", "key_checked"]
        # title, fields, the permission without which the section is left out
        sections: list[tuple[Any, list[str], str]] = [
            (_("Who"), who, "view_wechatuser"),
            (_("State"), state, "view_wechatuser"),
            (_("What you can do"), ["to_do"], "view_wechatuser"),
            (_("Linked identities"), ["related"], "view_wechatuser"),
            (_("WeChat session key"), key, "view_sessionkey"),
            (_("Login sessions"), ["recent_sessions"], "view_loginsession"),
            (_("Recent failures"), ["recent_failures"], "view_loginfailure"),
            (_("What staff did"), ["staff_acts"], "view_staffact"),
        ]
        return [
            (title, {"fields": fields})
            for title, fields, permission in sections
            if request.user.has_perm(f"wxlogin.{permission}")
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: WeChatUser | None = None) -> list[str]:
        return [field for _title, section in self.get_fieldsets(request, obj) for field in section["fields"]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WeChatUser]:
        people: QuerySet[WeChatUser] = super().get_queryset(request)
        return people.select_related("user", "session_key")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The page's fields need to know who looks, and are only handed the row."""
        person = super().get_object(request, object_id, from_field)
        if person is not None:
            person.acts_offered = self.acts_offered(request)
            add_counts([person])
            person.may_diagnose = request.user.has_perm("wxlogin.view_overview")
        return person

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WeChatUser], search_term: str
    ) -> tuple[QuerySet[WeChatUser], bool]:
        if not search_term.strip():
            return queryset, False
        matches = lookup.find_people(search_term)
        request.wxlogin_matches = matches  # type: ignore[attr-defined]
        return queryset.filter(pk__in=lookup.pks_in(matches)), False

    @transaction.non_atomic_requests
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and hasattr(request, "wxlogin_matches"):
            self.message_user(request, _search_message(request.wxlogin_matches), messages.INFO)
        return response

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Django's history knows only of edits, and there are none."""
        if not request.user.has_perm("wxlogin.view_staffact"):
            return super().history_view(request, object_id, extra_context)
        person = self.get_object(request, object_id)
        if person is None:
            raise Http404
        return HttpResponseRedirect(list_of(StaffAct, wechat_user__id__exact=person.pk))

    @admin.display(description=_("openid"))
    def person(self, wechat_user: WeChatUser) -> str:
        return mask_id(wechat_user.openid)

    @admin.display(description=_("nickname"))
    def pictured_nickname(self, wechat_user: WeChatUser) -> SafeString:
        if not wechat_user.avatar:
            return isolate(wechat_user.nickname)
        return format_html(
            '<img class="wxlogin-avatar" src="{}" width="32" height="32" alt="" loading="lazy"'
            ' referrerpolicy="no-referrer"> {}',
            wechat_user.avatar.url,
            isolate(wechat_user.nickname),
        )

    @admin.display(description=_("unionid"))
    def masked_unionid(self, wechat_user: WeChatUser) -> str:
        return mask_id(wechat_user.unionid)

    @admin.display(description=_("app"))
    def app(self, wechat_user: WeChatUser) -> str:
        return app_name(wechat_user.appid)

    @admin.display(description=_("account"))
    def account(self, wechat_user: WeChatUser) -> Any:
        return link_to_user(wechat_user.user, isolate(wechat_user.user))

    @admin.display(description=_("phone"))
    def phone(self, wechat_user: WeChatUser) -> str:
        try:
            phone = wechat_user.phone
        except CannotOpen:
            return str(_("sealed with a key that is no longer listed"))
        return (
            format_html('<span class="wxlogin-id">{}</span>', mask_phone(phone.number, phone.country_code))
            if phone
            else "-"
        )

    @admin.display(description=_("state"))
    def state(self, wechat_user: WeChatUser) -> SafeString:
        if not wechat_user.user.is_active:
            return badge("bad", _("account disabled"))
        if wechat_user.is_blocked(timezone.now()):
            return badge("bad", _("blocked"))
        if wechat_user.in_conflict:  # type: ignore[attr-defined]
            return badge("bad", _("unionid conflict"))
        return badge("good", pgettext_lazy("account state", "active"))

    @admin.display(description=_("block"))
    def block(self, wechat_user: WeChatUser) -> str:
        if wechat_user.blocked_at is None:
            return "-"
        return render_to_string("wxlogin/admin/block.html", {"person": wechat_user})

    @admin.display(description=_("live sessions"))
    def live_sessions(self, wechat_user: WeChatUser) -> int:
        return int(wechat_user.live)  # type: ignore[attr-defined]

    @admin.display(description=_("actions"))
    def to_do(self, wechat_user: WeChatUser) -> str:
        offered = [
            (act, act_on(wechat_user, act.name))
            for act in wechat_user.acts_offered  # type: ignore[attr-defined]
            if act.name != "merge"  # it takes two: see the linked identities
        ]
        why = why_not(wechat_user) if wechat_user.may_diagnose else ""  # type: ignore[attr-defined]
        return render_to_string("wxlogin/admin/to_do.html", {"offered": offered, "why": why})

    @admin.display(description=_("identities"))
    def related(self, wechat_user: WeChatUser) -> str:
        may_merge = any(act.name == "merge" for act in wechat_user.acts_offered)  # type: ignore[attr-defined]
        rows = [
            {
                "person": mask_id(other.openid),
                "url": page_of(other),
                "app": app_name(other.appid),
                "user": other.user,
                "is_same": other.user_id == wechat_user.user_id,
                "is_settled": other.is_split_off or wechat_user.is_split_off,
                "merge": act_on(wechat_user, "merge", **{"with": other.pk}) if may_merge else "",
            }
            for other in related_identities(wechat_user)
        ]
        return render_to_string("wxlogin/admin/related.html", {"rows": rows})

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
        return format_time(key.obtained_at if key else None)

    @admin.display(description=_("checked at"))
    def key_checked(self, wechat_user: WeChatUser) -> str:
        key = _key_of(wechat_user)
        return format_time(key.checked_at if key else None)

    @admin.display(description=_("latest"))
    def recent_sessions(self, wechat_user: WeChatUser) -> str:
        latest = wechat_user.login_sessions.order_by("-created_at", "-pk")[:RECENT]
        may_end = any(act.name == "end_sessions" for act in wechat_user.acts_offered)  # type: ignore[attr-defined]
        now = timezone.now()
        rows = [
            {
                "url": page_of(session),
                "session": session,
                "state": session_state(session),
                "device": device_of(session.user_agent),
                "ip": mask_address(session.ip),
                "end": act_on(session, "end_sessions") if may_end and not session.is_over(now) else "",
            }
            for session in latest
        ]
        everything = list_of(LoginSession, wechat_user__id__exact=wechat_user.pk)
        return render_to_string(
            "wxlogin/admin/recent_sessions.html", {"rows": rows, "everything": everything}
        )

    @admin.display(description=_("latest"))
    def recent_failures(self, wechat_user: WeChatUser) -> str:
        latest = wechat_user.failures.order_by("-created_at")[:RECENT]
        rows = [
            {"failure": each, "url": page_of(each), "meaning": explain(each.code, each.errcode)}
            for each in latest
        ]
        everything = list_of(LoginFailure, wechat_user__id__exact=wechat_user.pk)
        return render_to_string(
            "wxlogin/admin/recent_failures.html", {"rows": rows, "everything": everything}
        )

    @admin.display(description=_("latest"))
    def staff_acts(self, wechat_user: WeChatUser) -> str:
        latest = wechat_user.staff_acts.order_by("-created_at")[:RECENT]
        rows = [{"act": act, "details": act_details(act)} for act in latest]
        everything = list_of(StaffAct, wechat_user__id__exact=wechat_user.pk)
        return render_to_string("wxlogin/admin/recent_acts.html", {"rows": rows, "everything": everything})


def _search_message(matches: list[lookup.Match]) -> str:
    """Kinds only: some themes print a message as it is."""
    if not matches:
        return gettext("Nobody is found by this key.")
    kinds = ", ".join(str(match.what) for match in matches)
    text = gettext("Found by: %s.") % kinds
    if any(len(match.pks) == lookup.MOST for match in matches):
        text += " " + gettext("These are the first %d; type more of the key.") % lookup.MOST
    return text


def _key_of(wechat_user: WeChatUser) -> SessionKey | None:
    return getattr(wechat_user, "session_key", None)
