"""Merge two accounts that are one person, and split an account that is two."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _, ngettext

from wxlogin.exceptions import CannotMerge, UserFactoryFailed
from wxlogin.models import WeChatUser
from wxlogin.models.users import is_staff
from wxlogin.services import accounts, sessions

from ..columns import app_name, isolate
from .base import Act, Outcome, ReasonForm, Text

PROBLEMS: dict[str, Text] = {
    "same_user": _("They are one account already."),
    "staff_account": _("A staff account is neither merged nor split."),
    "gone": _("One of the accounts is gone."),
    "moved_meanwhile": _("Somebody else was quicker: look again."),
}


class MergeForm(ReasonForm):
    keep = forms.ChoiceField(
        label=_("account that stays"),
        widget=forms.RadioSelect,
        help_text=_("All identities and sessions of the other one move to it."),
    )

    def __init__(self, data: Any, *, rows: Sequence[WeChatUser], request: HttpRequest) -> None:
        super().__init__(data, rows=rows, request=request)
        choices = {str(person.user_id): isolate(person.user) for person in rows}
        self.fields["keep"].choices = list(choices.items())  # type: ignore[attr-defined]


class Merge(Act):
    name = "merge"
    label = _("Merge two accounts…")
    button = _("Merge")
    explanation = _(
        "All identities of one account move to the other, with their sessions; access tokens given before are "
        "refused, refreshing works. The account that is left stays, without identities."
    )
    permission = "merge_wechatuser"
    form = MergeForm
    accepts_second_row = True
    is_dangerous = True

    def find_problem(self, rows: Sequence[WeChatUser]) -> Text | None:
        if len(rows) != 2:
            return _("Choose two people of two accounts.")
        if rows[0].user_id == rows[1].user_id:
            return PROBLEMS["same_user"]
        if any(is_staff(person.user) for person in rows):
            return PROBLEMS["staff_account"]
        return None

    def preview(self, rows: Sequence[WeChatUser]) -> list[tuple[Any, Any]]:
        """Describe both accounts with all their identities, not only the selected ones."""
        return [(person.user, _describe_account(person)) for person in rows]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[WeChatUser], **answers: Any) -> Outcome:
        one, other = (person.user for person in rows)
        source, target = (other, one) if str(one.pk) == answers["keep"] else (one, other)
        try:
            moved = accounts.merge_accounts(source, target, staff=request.user, reason=answers["reason"])
        except CannotMerge as refusal:
            return Outcome(PROBLEMS[refusal.code], messages.ERROR)
        text = ngettext("Merged: %d identity moved.", "Merged: %d identities moved.", len(moved))
        return Outcome(text % len(moved))


class Split(Act):
    name = "split"
    label = _("Split this identity off…")
    button = _("Split")
    explanation = _(
        "This identity, with its sessions, gets an account of its own. It is no unionid conflict from then on: "
        "you have said that these are two people."
    )
    permission = "merge_wechatuser"
    max_rows = 1
    is_in_list = False
    is_dangerous = True

    def preview(self, rows: Sequence[WeChatUser]) -> list[tuple[Any, Any]]:
        return [(person.user, _describe_account(person)) for person in rows]

    def find_problem(self, rows: Sequence[WeChatUser]) -> Text | None:
        if len(WeChatUser.objects.of_user(rows[0].user)) < 2:
            return _("There is nothing to split: the account has this one identity.")
        return PROBLEMS["staff_account"] if is_staff(rows[0].user) else None

    def do(self, page: Any, request: HttpRequest, rows: Sequence[WeChatUser], **answers: Any) -> Outcome:
        try:
            accounts.split_identity(rows[0], staff=request.user, reason=answers["reason"])
        except CannotMerge as refusal:
            return Outcome(PROBLEMS[refusal.code], messages.ERROR)
        except UserFactoryFailed as failure:
            text = _("Not split, since no user could be made for this identity: {problem}.")
            return Outcome(format_lazy(text, problem=failure.problem), messages.ERROR)
        return Outcome(_("Split: the identity has an account of its own."))


def _describe_account(person: WeChatUser) -> str:
    identities = list(WeChatUser.objects.of_user(person.user))
    live = sessions.live_sessions_of(identities).count()
    names = ", ".join(f"{app_name(each.appid)} {each}" for each in identities)
    text = ngettext("%(identities)s; %(live)d live session", "%(identities)s; %(live)d live sessions", live)
    return text % {"identities": names, "live": live}
