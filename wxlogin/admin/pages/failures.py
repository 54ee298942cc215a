from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wxlogin.caller import is_request_id
from wxlogin.models import LoginFailure
from wxlogin.models.failures import LoginFailureQuerySet
from wxlogin.services.meanings import CODES, explain

from ..base import ReadOnlyPage
from ..columns import PersonColumns, badge
from ..filters import AppFilter, ChoiceFilter, Choices, CreatedFilter


class AnswerFilter(ChoiceFilter):
    title = _("our answer")
    parameter_name = "code"

    def get_choices(self) -> Choices:
        return [(code, code) for code in CODES]

    def apply(self, queryset: LoginFailureQuerySet, value: str) -> LoginFailureQuerySet:
        return queryset.with_code(value)


class LoginFailurePage(PersonColumns, ReadOnlyPage):
    list_display = [
        "created_at",
        "app",
        "answer",
        "meaning",
        "errcode",
        "rid",
        "person",
        "address",
        "request_id",
    ]
    list_filter = [AppFilter, AnswerFilter, CreatedFilter]
    list_select_related = ["wechat_user"]
    ordering = ["-created_at"]
    sortable_by = ["created_at"]
    search_fields = ["request_id__exact"]
    search_help_text = _("A whole request id, as the answer's X-Request-ID said.")
    lookups = ("wechat_user__id__exact",)
    fields = [
        "created_at",
        "app",
        "answer",
        "errcode",
        "meaning",
        "what_to_do",
        "rid",
        "person",
        "address",
        "client",
        "request_id",
        "upstream_ms",
    ]

    @admin.display(description=_("our answer"))
    def answer(self, failure: LoginFailure) -> str:
        return badge("bad", failure.code)

    @admin.display(description=_("what it means"))
    def meaning(self, failure: LoginFailure) -> str:
        return str(explain(failure.code, failure.errcode).text)

    @admin.display(description=_("what to do"))
    def what_to_do(self, failure: LoginFailure) -> str:
        return str(explain(failure.code, failure.errcode).advice)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Search for the whole text: Django would search for each of its words."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return (queryset.with_request_id(term) if is_request_id(term) else queryset.none()), False
