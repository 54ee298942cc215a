"""The one way in which staff act on rows: a form asks for a reason, the act is done, a message shows the outcome.

An ``Act`` is one thing that can be done. ``ActsOnRows`` offers the acts of a page twice: in the list, for the
selected rows, and at a URL of its own for one row. Both lead to the same form, and nothing is done before
staff have sent it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, ngettext

from wxlogin import databases
from wxlogin.caller import staff_request
from wxlogin.database_errors import is_unstorable, log_unstorable
from wxlogin.models.lists import is_stored, with_ids
from wxlogin.models.users import is_staff
from wxlogin.services.staff_log import MAX_REASON

from ..base import Page
from ..links import list_url, page_url

Text = str | Promise
R = TypeVar("R", bound=HttpResponseBase)
# The form names at most this many rows.
MAX_LISTED = 20


class ReasonForm(forms.Form):
    """The form of an act. It asks for a reason; a subclass adds fields for what else its act needs."""

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
    """The message to staff after an act. It holds no text that people wrote: some themes print messages unescaped."""

    message: Text
    level: int = messages.SUCCESS


class Act:
    """One thing that staff can do to rows. Subclasses set the attributes and override ``do``."""

    name: ClassVar[str]
    label: ClassVar[Text]
    """The text of the action in the list, and of the link on the row's page."""
    button: ClassVar[Text]
    explanation: ClassVar[Text]
    """A text for the form: the effects of the act, and what it leaves alone."""
    permission: ClassVar[str]
    form: ClassVar[type[ReasonForm]] = ReasonForm
    max_rows: ClassVar[int] = 100
    is_in_list = True
    is_on_page = True
    accepts_second_row = False
    """True if ``?with=`` may name a second row."""
    lists_rows = True
    """True if the form names the rows."""
    protects_staff = False
    """True if only a superuser may do it to a staff member."""
    is_dangerous = False

    def load(self, rows: QuerySet) -> Sequence[Any]:
        """Load the rows to act on, one more than allowed, so that ``find_problem`` can tell if there are too many."""
        return list(rows[: self.max_rows + 1])

    def find_problem(self, rows: Sequence[Any]) -> Text | None:
        """Return a text that says why these rows can't be acted on, or None."""
        if len(rows) <= self.max_rows:
            return None
        text = ngettext(
            "Choose at most %d row at a time.", "Choose at most %d rows at a time.", self.max_rows
        )
        return text % self.max_rows

    def preview(self, rows: Sequence[Any]) -> list[tuple[Text, Any]]:
        """Return labels and values that tell staff how much the act would change."""
        return []

    def do(
        self, page: Any, request: HttpRequest, rows: Sequence[Any], **answers: Any
    ) -> Outcome | HttpResponseBase:
        """Do it, by way of a service. ``answers`` is the form's cleaned data."""
        raise NotImplementedError

    def is_allowed(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"wxlogin.{self.permission}")


class ActsOnRows(Page):
    acts: tuple[Act, ...] = ()

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Add the acts to the actions of the list.

        From version 6.1 on, Django also asks for the actions of the row's page, where acts are links instead.
        """
        location = () if action_location is None else (action_location,)
        actions: dict[str, Any] = super().get_actions(request, *location)
        if getattr(action_location, "name", "CHANGE_LIST") != "CHANGE_LIST":
            return actions
        for act in self.acts:
            if act.is_in_list and act.is_allowed(request):
                actions[act.name] = (_make_action(act), act.name, act.label)
        return actions

    @databases.non_atomic
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the list, or act on its rows. Acts open their own transactions, and some of them wait for WeChat."""
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[URLPattern]:
        view = databases.non_atomic(self.admin_site.admin_view(self.act_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        return [path("<path:object_id>/act/<slug:name>/", view, name=name), *super().get_urls()]

    def allowed_acts(self, request: HttpRequest) -> list[Act]:
        """Return the acts that the user of this request may do from the row's page."""
        return [act for act in self.acts if act.is_on_page and act.is_allowed(request)]

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """Act on one row, from its page. ``?with=`` names the second row of a merge."""
        act = next((each for each in self.acts if each.name == name and each.is_on_page), None)
        if act is None:
            raise Http404
        if not act.is_allowed(request) or not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        other = request.GET.get("with", "") if act.accepts_second_row else ""
        ids = [row.pk, *([other] if re.fullmatch("[0-9]{1,18}", other) else [])]
        rows = with_ids(self.get_queryset(request), ids)
        return self.run_act(request, rows, act) or HttpResponseRedirect(self._return_url(row))

    def run_act(self, request: HttpRequest, queryset: QuerySet, act: Act) -> HttpResponseBase | None:
        """Show the form, or do the act if the form was sent.

        Return None after a message: the caller then leads back to where staff came from.
        """
        rows = act.load(queryset)
        if problem := self._find_problem(request, act, rows):
            self.message_user(request, str(problem), messages.WARNING)
            return None
        form = act.form(request.POST if "confirmed" in request.POST else None, rows=rows, request=request)
        if request.method != "POST" or not form.is_valid():
            return self._render_form(request, rows, act, form)
        try:
            with staff_request(request):
                outcome = act.do(self, request, rows, **form.cleaned_data)
        except (DatabaseError, UnicodeEncodeError) as exc:
            if not is_unstorable(exc):
                raise
            log_unstorable("reason", exc)
            form.add_error(None, NOT_STORABLE)
            return self._render_form(request, rows, act, form)
        if not isinstance(outcome, Outcome):
            return outcome
        self.message_user(request, str(outcome.message), outcome.level)
        return None

    def _find_problem(self, request: HttpRequest, act: Act, rows: Sequence[Any]) -> Text | None:
        if not rows:
            return _("There is nobody left to do this to.")
        is_staff_protected = act.protects_staff and not request.user.is_superuser
        if is_staff_protected and any(is_staff(person.user) for person in rows):
            return _("Only a superuser may do this to a member of the staff.")
        return act.find_problem(rows)

    def _render_form(
        self, request: HttpRequest, rows: Sequence[Model], act: Act, form: forms.Form
    ) -> HttpResponseBase:
        is_from_list = request.resolver_match is not None and "object_id" not in request.resolver_match.kwargs
        context = {
            **self.admin_site.each_context(request),
            "title": act.label,
            "opts": self.opts,
            "act": act,
            "rows": rows[:MAX_LISTED] if act.lists_rows else [],
            "more": max(0, len(rows) - MAX_LISTED) if act.lists_rows else 0,
            "preview": act.preview(rows),
            "form": form,
            "media": self.media + form.media,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "selected_ids": request.POST.getlist(ACTION_CHECKBOX_NAME) if is_from_list else [],
            "select_across": request.POST.get("select_across", "0") if is_from_list else "",
            "back_url": request.get_full_path() if is_from_list else page_url(rows[0]),
        }
        return no_store(TemplateResponse(request, "wxlogin/admin/act.html", context))

    def _return_url(self, row: Model) -> str:
        """Return the URL of the row's page, or of the list if the row is gone."""
        return page_url(row) if is_stored(row) else list_url(type(row))


NOT_STORABLE = _(
    "This can't be stored: the database's character set doesn't have every character that you typed. Leave out emoji."
)


def no_store(response: R) -> R:
    response["Cache-Control"] = "no-store"
    return response


def _make_action(act: Act) -> Callable[[ActsOnRows, HttpRequest, QuerySet], HttpResponseBase | None]:
    def action(page: ActsOnRows, request: HttpRequest, queryset: QuerySet) -> HttpResponseBase | None:
        return page.run_act(request, queryset, act)

    return action
