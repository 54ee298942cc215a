import re
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy as _

from wxlogin.conf import conf
from wxlogin.masking import person_hashes
from wxlogin.models import StaffAct
from wxlogin.models.staff_acts import StaffActQuerySet

from ..base import ReadOnlyPage
from ..columns import PersonColumns, isolate
from ..filters import ChoiceFilter, Choices, CreatedFilter

DETAIL_LABELS = {
    "sessions": _("sessions ended"),
    "until": _("until"),
    "public": _("reason told"),
    "field": _("field"),
    "rows": _("rows"),
    "unmasked": _("unmasked"),
    "filters": _("filters"),
    "searched": _("searched"),
}


class ActionFilter(ChoiceFilter):
    title = _("what")
    parameter_name = "what"

    def get_choices(self) -> Choices:
        return list(StaffAct.Action.choices)

    def apply(self, queryset: StaffActQuerySet, value: str) -> StaffActQuerySet:
        return queryset.with_action(value)


class StaffActPage(PersonColumns, ReadOnlyPage):
    """The staff log. Nobody can delete its rows: they stay even after the person or the staff member is deleted."""

    list_display = ["created_at", "staff_text", "action", "person_link", "app", "details_text", "reason_text"]
    list_filter = [ActionFilter, CreatedFilter]
    list_select_related = ["wechat_user"]
    ordering = ["-created_at"]
    sortable_by = ["created_at"]
    # Django shows a search box only if this isn't empty. ``get_search_results`` decides what is searched.
    search_fields = ["person"]
    search_help_text = _("A whole openid, also of somebody who was erased, or the hash of a person.")
    lookups = ("wechat_user__id__exact",)
    fields = [
        "created_at",
        "staff_text",
        "action",
        "person_link",
        "person",
        "app",
        "from_user",
        "to_user",
        "details_text",
        "reason_text",
        "address",
        "request_id",
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if re.fullmatch("[0-9a-f]{12}", term):
            return queryset.with_person_hash([term]), False
        hashes = [each for appid in conf.APPS for each in person_hashes(appid, term)]
        return queryset.with_person_hash(hashes), False

    # The shared column ``person`` needs another name here: the table has a column ``person``, with the hash.
    person_link = PersonColumns.person

    def no_person(self, act: StaffAct) -> str:
        return act.person or "-"

    @admin.display(description=_("name of the staff"))
    def staff_text(self, act: StaffAct) -> str:
        return isolate(act.staff_name)

    @admin.display(description=_("reason"))
    def reason_text(self, act: StaffAct) -> str:
        return isolate(act.reason)

    @admin.display(description=_("details"))
    def details_text(self, act: StaffAct) -> str:
        return describe_details(act)


def describe_details(act: StaffAct) -> str:
    """Describe the effect of an act in words: how many sessions it ended, which field it revealed."""
    parts = [
        f"{DETAIL_LABELS.get(key, key)}: {_format_value(value)}"
        for key, value in act.details.items()
        if value
    ]
    if act.from_user or act.to_user:
        parts.append(f"{act.from_user} → {act.to_user}")
    return "; ".join(parts) or "-"


def _format_value(value: Any) -> str:
    if value is True:
        return gettext("Yes")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
