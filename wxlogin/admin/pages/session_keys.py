from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wxlogin.models import SessionKey
from wxlogin.models.session_keys import SessionKeyQuerySet
from wxlogin.services.staff import lookup

from ..base import ReadOnlyPage
from ..columns import PersonColumns
from ..filters import AppFilter, ChoiceFilter, Choices


class KeyStateFilter(ChoiceFilter):
    title = _("verdict")
    parameter_name = "state"

    def get_choices(self) -> Choices:
        return list(SessionKey.State.choices)

    def apply(self, queryset: SessionKeyQuerySet, value: str) -> SessionKeyQuerySet:
        return queryset.with_state(value)


class SessionKeyPage(PersonColumns, ReadOnlyPage):
    """Facts about session keys: when WeChat gave them, and whether they are still valid. The page never shows a key."""

    list_display = ["row", "person", "app", "state", "obtained_at", "checked_at"]
    list_filter = [AppFilter, KeyStateFilter]
    list_select_related = ["wechat_user"]
    ordering = ["-pk"]
    sortable_by = ()
    # Django shows a search box only if this isn't empty. ``get_search_results`` decides what is searched.
    search_fields = ["pk"]
    search_help_text = _("A whole openid, unionid, phone number or user id.")
    fields = ["person", "app", "state", "obtained_at", "checked_at"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.of_people(lookup.pks_in(lookup.find_people(search_term))), False

    @admin.display(description=_("session key"))
    def row(self, key: SessionKey) -> str:
        return str(key.pk)
