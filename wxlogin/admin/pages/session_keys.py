from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wxlogin.models import SessionKey
from wxlogin.services.staff import lookup

from ..base import ReadOnlyPage
from ..columns import PersonColumns
from ..filters import AppFilter, ChoiceFilter, Choices


class KeyAppFilter(AppFilter):
    column = "wechat_user__appid"


class KeyStateFilter(ChoiceFilter):
    title = _("verdict")
    parameter_name = "state"

    def choices_offered(self) -> Choices:
        return list(SessionKey.State.choices)

    def narrow(self, queryset: QuerySet[SessionKey], value: str) -> QuerySet[SessionKey]:
        return queryset.filter(state=value)


class SessionKeyPage(PersonColumns, ReadOnlyPage):
    """Facts about the keys: held or not, since when, and what WeChat said. The page never shows a key."""

    list_display = ["row", "person", "app", "state", "obtained_at", "checked_at"]
    list_filter = [KeyAppFilter, KeyStateFilter]
    list_select_related = ["wechat_user"]
    ordering = ["-pk"]
    sortable_by = ()
    search_fields = ["pk"]  # what is searched is up to get_search_results
    search_help_text = _("A whole openid, unionid, phone number or user id.")
    fields = ["person", "app", "state", "obtained_at", "checked_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SessionKey], search_term: str
    ) -> tuple[QuerySet[SessionKey], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(wechat_user__in=lookup.pks_in(lookup.find_people(search_term))), False

    @admin.display(description=_("session key"))
    def row(self, key: SessionKey) -> str:
        return str(key.pk)
