"""The sections of a person's page, and the tables in them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from wxlogin.clock import utc_now
from wxlogin.masking import mask_address
from wxlogin.models import LoginFailure, LoginSession, SessionKey, StaffAct, WeChatUser
from wxlogin.services.accounts.joining import related_identities
from wxlogin.services.meanings import explain

from ..columns import Columns, app_name, format_time, isolate, mask_id, person_link
from ..links import act_url, diagnosis_url, list_url, page_url, user_link
from .sessions import device_name, session_state
from .staff_log import describe_details

# Each table of a section shows at most this many rows.
RECENT = 20


class PersonSections(Columns):
    """The sections of a person's page.

    Fields are handed nothing but the row, so ``get_object`` sets on it what the user of the request may do:
    ``allowed_acts`` and ``may_diagnose``.
    """

    def get_fieldsets(self, request: HttpRequest, obj: WeChatUser | None = None) -> Any:
        """Return the sections whose permission the user of the request has."""
        who = ["nickname_with_avatar", "app", "person", "masked_unionid", "phone", "account"]
        state = ["state", "created_at", "last_login_at", "block"]
        key = ["key_held", "key_state", "key_obtained", "key_checked"]
        # Each section: title, fields, permission.
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

    @admin.display(description=_("unionid"))
    def masked_unionid(self, wechat_user: WeChatUser) -> str:
        return mask_id(wechat_user.unionid)

    @admin.display(description=_("account"))
    def account(self, wechat_user: WeChatUser) -> Any:
        return user_link(wechat_user.user, isolate(wechat_user.user))

    @admin.display(description=_("block"))
    def block(self, wechat_user: WeChatUser) -> str:
        if wechat_user.blocked_at is None:
            return "-"
        return render_to_string("wxlogin/admin/block.html", {"person": wechat_user})

    @admin.display(description=_("actions"))
    def to_do(self, wechat_user: WeChatUser) -> str:
        # A merge needs a second person, so its link stands beside each linked identity.
        acts = [
            (act, act_url(wechat_user, act.name))
            for act in wechat_user.allowed_acts  # type: ignore[attr-defined]
            if act.name != "merge"
        ]
        why_url = diagnosis_url(wechat_user) if wechat_user.may_diagnose else ""  # type: ignore[attr-defined]
        return render_to_string("wxlogin/admin/to_do.html", {"acts": acts, "why_url": why_url})

    @admin.display(description=_("identities"))
    def related(self, wechat_user: WeChatUser) -> str:
        may_merge = any(act.name == "merge" for act in wechat_user.allowed_acts)  # type: ignore[attr-defined]
        rows = [
            {
                "link": person_link(other),
                "app": app_name(other.appid),
                "user": other.user,
                "is_same_account": other.user_id == wechat_user.user_id,
                "is_split_off": other.is_split_off or wechat_user.is_split_off,
                "merge_url": act_url(wechat_user, "merge", **{"with": other.pk}) if may_merge else "",
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
        latest = wechat_user.login_sessions.newest_first()[:RECENT]
        may_end = any(act.name == "end_sessions" for act in wechat_user.allowed_acts)  # type: ignore[attr-defined]
        now = utc_now()
        rows = [
            {
                "url": page_url(session),
                "session": session,
                "state": session_state(session),
                "device": device_name(session.user_agent),
                "ip": mask_address(session.ip),
                "end_url": act_url(session, "end_sessions") if may_end and not session.is_over(now) else "",
            }
            for session in latest
        ]
        all_url = list_url(LoginSession, wechat_user__id__exact=wechat_user.pk)
        return render_to_string("wxlogin/admin/recent_sessions.html", {"rows": rows, "all_url": all_url})

    @admin.display(description=_("latest"))
    def recent_failures(self, wechat_user: WeChatUser) -> str:
        latest = wechat_user.failures.newest_first()[:RECENT]
        rows = [
            {"failure": each, "url": page_url(each), "meaning": explain(each.code, each.errcode)}
            for each in latest
        ]
        all_url = list_url(LoginFailure, wechat_user__id__exact=wechat_user.pk)
        return render_to_string("wxlogin/admin/recent_failures.html", {"rows": rows, "all_url": all_url})

    @admin.display(description=_("latest"))
    def staff_acts(self, wechat_user: WeChatUser) -> str:
        latest = wechat_user.staff_acts.newest_first()[:RECENT]
        rows = [{"act": act, "details": describe_details(act)} for act in latest]
        all_url = list_url(StaffAct, wechat_user__id__exact=wechat_user.pk)
        return render_to_string("wxlogin/admin/recent_acts.html", {"rows": rows, "all_url": all_url})


def _key_of(wechat_user: WeChatUser) -> SessionKey | None:
    return getattr(wechat_user, "session_key", None)
