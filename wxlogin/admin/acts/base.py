"""Asking first, then doing, then saying what was done: the one way in which staff act on rows.

An ``Act`` is what can be done. ``ActsOnRows`` offers a page's acts twice, in the list for the chosen rows and
as an address of its own for one row; both lead to the same question, and nothing is done without an answer.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, ngettext

from wxlogin.caller import staff_request
from wxlogin.models.users import is_staff
from wxlogin.services.staff_log import MAX_REASON

from ..base import Page
from ..links import list_of, page_of

Text = str | Promise
R = TypeVar("R", bound=HttpResponseBase)
SHOWN = 20  # rows that the question names


class ReasonForm(forms.Form):
    """What every act asks for. Acts that ask for more add their fields."""

    reason = forms.CharField(
        label=_("reason"),
        max_length=MAX_REASON,
        help_text=_("Stays in the staff log. No names, no phone numbers."),
        widget=forms.TextInput(attrs={"class": "vTextField wxlogin-input", "autocomplete": "off"}),
    )

    def __init__(self, data: Any, *, rows: Sequence[Any], request: HttpRequest) -> None:
        super().__init__(data)


@dataclass(frozen=True)
class Outcome:
    """What staff are told; no text that people wrote, since themes print messages unescaped."""

    message: Text
    level: int = messages.SUCCESS


class Act:
    name: ClassVar[str]
    label: ClassVar[Text]
    """In the list of actions and on the row's page."""
    button: ClassVar[Text]
    explanation: ClassVar[Text]
    """What will happen, and what won't."""
    permission: ClassVar[str]
    form: ClassVar[type[ReasonForm]] = ReasonForm
    at_most: ClassVar[int] = 100
    in_list = True
    on_page = True
    takes_two = False
    names_rows = True
    spares_staff = False
    """Whether only a superuser may do it to somebody who is of the staff themselves."""
    is_dangerous = False

    def chosen(self, rows: QuerySet) -> Sequence[Any]:
        """One more than allowed, so that ``problem`` sees that there are too many."""
        return list(rows[: self.at_most + 1])

    def problem(self, rows: Sequence[Any]) -> Text | None:
        """Why this can't be done to just these rows."""
        if len(rows) <= self.at_most:
            return None
        text = ngettext("Choose at most %d row at a time.", "Choose at most %d rows at a time.", self.at_most)
        return text % self.at_most

    def preview(self, rows: Sequence[Any]) -> list[tuple[Text, Any]]:
        """What there is to count before it is done."""
        return []

    def do(
        self, page: Any, request: HttpRequest, rows: Sequence[Any], **answers: Any
    ) -> Outcome | HttpResponseBase:
        """Through a service; ``answers`` is the form's cleaned data."""
        raise NotImplementedError

    def is_allowed(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"wxlogin.{self.permission}")


class ActsOnRows(Page):
    acts: tuple[Act, ...] = ()

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """From Django 6.1 on it is asked for the row's page too, where our acts are links."""
        where = () if action_location is None else (action_location,)
        actions: dict[str, Any] = super().get_actions(request, *where)
        if getattr(action_location, "name", "CHANGE_LIST") != "CHANGE_LIST":
            return actions
        for act in self.acts:
            if act.in_list and act.is_allowed(request):
                actions[act.name] = (_as_action(act), act.name, act.label)
        return actions

    @transaction.non_atomic_requests
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Acts have transactions of their own, and some of them wait for WeChat."""
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[URLPattern]:
        view = transaction.non_atomic_requests(self.admin_site.admin_view(self.act_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        return [path("<path:object_id>/act/<slug:name>/", view, name=name), *super().get_urls()]

    def acts_offered(self, request: HttpRequest) -> list[Act]:
        return [act for act in self.acts if act.on_page and act.is_allowed(request)]

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """One row's page leads here. ``?with=`` names a second row, for a merge."""
        act = next((each for each in self.acts if each.name == name and each.on_page), None)
        if act is None:
            raise Http404
        if not act.is_allowed(request) or not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        other = request.GET.get("with", "") if act.takes_two else ""
        chosen = [row.pk, *([other] if re.fullmatch("[0-9]{1,18}", other) else [])]
        rows = self.get_queryset(request).filter(pk__in=chosen)
        return self.act(request, rows, act) or HttpResponseRedirect(self._way_back(row))

    def act(self, request: HttpRequest, rows: QuerySet, act: Act) -> HttpResponseBase | None:
        """Ask, or do what was asked and confirmed. None: back to where they came from, with a message."""
        chosen = act.chosen(rows)
        if problem := self._why_not(request, act, chosen):
            self.message_user(request, str(problem), messages.WARNING)
            return None
        form = act.form(request.POST if "confirmed" in request.POST else None, rows=chosen, request=request)
        if request.method != "POST" or not form.is_valid():
            return self._ask(request, chosen, act, form)
        with staff_request(request):
            outcome = act.do(self, request, chosen, **form.cleaned_data)
        if not isinstance(outcome, Outcome):
            return outcome
        self.message_user(request, str(outcome.message), outcome.level)
        return None

    def _why_not(self, request: HttpRequest, act: Act, rows: Sequence[Any]) -> Text | None:
        if not rows:
            return _("There is nobody left to do this to.")
        is_spared = act.spares_staff and not request.user.is_superuser
        if is_spared and any(is_staff(person.user) for person in rows):
            return _("Only a superuser may do this to a member of the staff.")
        return act.problem(rows)

    def _ask(
        self, request: HttpRequest, rows: Sequence[Model], act: Act, form: forms.Form
    ) -> HttpResponseBase:
        is_of_list = request.resolver_match is not None and "object_id" not in request.resolver_match.kwargs
        context = {
            **self.admin_site.each_context(request),
            "title": act.label,
            "opts": self.opts,
            "act": act,
            "rows": rows[:SHOWN] if act.names_rows else [],
            "more": max(0, len(rows) - SHOWN) if act.names_rows else 0,
            "preview": act.preview(rows),
            "form": form,
            "media": self.media + form.media,
            "checkbox": ACTION_CHECKBOX_NAME,
            "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME) if is_of_list else [],
            "select_across": request.POST.get("select_across", "0") if is_of_list else "",
            "back": request.get_full_path() if is_of_list else page_of(rows[0]),
        }
        return no_store(TemplateResponse(request, "wxlogin/admin/act.html", context))

    def _way_back(self, row: Model) -> str:
        """To the row's page, or to the list where the row is gone."""
        is_there = type(row)._default_manager.filter(pk=row.pk).exists()
        return page_of(row) if is_there else list_of(type(row))


def no_store(response: R) -> R:
    response["Cache-Control"] = "no-store"
    return response


def _as_action(act: Act) -> Callable[[ActsOnRows, HttpRequest, QuerySet], HttpResponseBase | None]:
    def action(page: ActsOnRows, request: HttpRequest, queryset: QuerySet) -> HttpResponseBase | None:
        return page.act(request, queryset, act)

    return action
