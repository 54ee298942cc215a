"""The list of people, and the search in it. The sections of a person's page are in ``person``."""

from typing import Any, cast

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from wxlogin import databases
from wxlogin.clock import utc_now
from wxlogin.conf import conf
from wxlogin.masking import mask_phone
from wxlogin.models import LoginSession, StaffAct, WeChatUser
from wxlogin.models.people import WeChatUserQuerySet
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
from ..columns import AppColumn, badge, isolate, keep_on_one_line, mask_id
from ..filters import AppFilter, CreatedFilter, LastLoginFilter, PhoneFilter, StateFilter, UnionidFilter
from ..links import list_url
from .person import PersonSections


class PeopleList(OrderedList):
    """The list of people, with counts for the people of the page.

    As an annotation, the database would compute the counts of all people before the page, too.
    """

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = add_counts(list(self.result_list))


def add_counts(people: list[Any]) -> list[Any]:
    """Set ``live_count``, the number of live sessions, and ``is_in_conflict`` on each of ``people``."""
    ids = [person.pk for person in people]
    live = LoginSession.objects.live_per_person(ids, utc_now())
    in_conflict = WeChatUser.objects.ids_in_conflict(ids, conf.groups())
    for person in people:
        person.live_count = live.get(person.pk, 0)
        person.is_in_conflict = person.pk in in_conflict
    return people


class WeChatUserPage(ActsOnRows, PersonSections, AppColumn, ReadOnlyPage):
    list_class = PeopleList
    list_display = [
        "person",
        "nickname_with_avatar",
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
    # If staff could reverse the order, a database would look for a filter's rows along it, through the whole table.
    sortable_by = ()
    # Django shows a search box only if this isn't empty. ``get_search_results`` decides what is searched.
    search_fields = ["openid"]
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

    def get_queryset(self, request: HttpRequest) -> WeChatUserQuerySet:
        people = cast("WeChatUserQuerySet", super().get_queryset(request))
        return people.with_user().with_session_key()

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the person, with what the page's fields need: they are handed nothing but the row."""
        person = super().get_object(request, object_id, from_field)
        if person is not None:
            person.allowed_acts = self.allowed_acts(request)
            add_counts([person])
            person.may_diagnose = request.user.has_perm("wxlogin.view_overview")
        return person

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        matches = lookup.find_people(search_term)
        request.wxlogin_matches = matches  # type: ignore[attr-defined]
        return queryset.with_ids(lookup.pks_in(matches)), False

    @databases.non_atomic
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and hasattr(request, "wxlogin_matches"):
            self.message_user(request, _search_message(request.wxlogin_matches), messages.INFO)
        return response

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Show the person's entries in the staff log. Django's own history knows only edits, and there are none."""
        if not request.user.has_perm("wxlogin.view_staffact"):
            return super().history_view(request, object_id, extra_context)
        person = self.get_object(request, object_id)
        if person is None:
            raise Http404
        return HttpResponseRedirect(list_url(StaffAct, wechat_user__id__exact=person.pk))

    @admin.display(description=_("openid"))
    def person(self, wechat_user: WeChatUser) -> str:
        return mask_id(wechat_user.openid)

    @admin.display(description=_("nickname"))
    def nickname_with_avatar(self, wechat_user: WeChatUser) -> SafeString:
        if not wechat_user.avatar:
            return isolate(wechat_user.nickname)
        return format_html(
            '<img class="wxlogin-avatar" src="{}" width="32" height="32" alt="" loading="lazy"'
            ' referrerpolicy="no-referrer"> {}',
            wechat_user.avatar.url,
            isolate(wechat_user.nickname),
        )

    @admin.display(description=_("phone"))
    def phone(self, wechat_user: WeChatUser) -> str:
        try:
            phone = wechat_user.phone
        except CannotOpen:
            return str(_("sealed with a key that is no longer listed"))
        return keep_on_one_line(mask_phone(phone.number, phone.country_code)) if phone else "-"

    @admin.display(description=_("state"))
    def state(self, wechat_user: WeChatUser) -> SafeString:
        if not wechat_user.user.is_active:
            return badge("bad", _("account disabled"))
        if wechat_user.is_blocked(utc_now()):
            return badge("bad", _("blocked"))
        if wechat_user.is_in_conflict:  # type: ignore[attr-defined]
            return badge("bad", _("unionid conflict"))
        return badge("good", pgettext_lazy("account state", "active"))

    @admin.display(description=_("live sessions"))
    def live_sessions(self, wechat_user: WeChatUser) -> int:
        return int(wechat_user.live_count)  # type: ignore[attr-defined]


def _search_message(matches: list[lookup.Match]) -> str:
    """Name the kinds of keys that found somebody, not the keys themselves: some themes print messages unescaped."""
    if not matches:
        return gettext("Nobody is found by this key.")
    kinds = ", ".join(str(match.what) for match in matches)
    text = gettext("Found by: %s.") % kinds
    if any(len(match.pks) == lookup.MAX_MATCHES for match in matches):
        text += " " + gettext("These are the first %d; type more of the key.") % lookup.MAX_MATCHES
    return text
