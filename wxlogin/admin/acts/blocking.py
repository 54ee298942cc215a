"""Block people, and unblock them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _, ngettext

from wxlogin.clock import as_aware
from wxlogin.models import WeChatUser
from wxlogin.models.clock import database_time
from wxlogin.services import blocking, sessions

from .base import Act, Outcome, ReasonForm

MAX_LENGTH = timedelta(days=36500)


class BlockForm(ReasonForm):
    public = forms.BooleanField(label=_("tell the person the reason"), required=False)
    until = forms.SplitDateTimeField(
        label=_("blocked until"),
        required=False,
        widget=AdminSplitDateTime,
        help_text=_("Empty: until somebody unblocks them."),
    )

    def __init__(self, data: Any, *, rows: Sequence[Any], request: HttpRequest) -> None:
        super().__init__(data, rows=rows, request=request)
        # Django prints the two words beside the inputs, but no label ties them together for a screen reader.
        for widget, name in zip(self.fields["until"].widget.widgets, (_("Date"), _("Time")), strict=True):
            widget.attrs["aria-label"] = name

    def clean_until(self) -> datetime | None:
        if self.cleaned_data["until"] is None:
            return None
        until = as_aware(self.cleaned_data["until"])
        now = database_time()
        if until <= now:
            raise forms.ValidationError(_("This is in the past."))
        if until > now + MAX_LENGTH:
            raise forms.ValidationError(_("This is too far ahead: leave it empty for good."))
        return until


class Block(Act):
    name = "block"
    label = _("Block…")
    button = _("Block")
    explanation = _(
        "From now on their logins, refreshes and requests are refused, and all their login sessions end."
    )
    permission = "block_wechatuser"
    form = BlockForm
    protects_staff = True
    is_dangerous = True

    def preview(self, rows: Sequence[WeChatUser]) -> list[tuple[Any, Any]]:
        return [(_("people"), len(rows)), (_("live sessions"), sessions.live_sessions_of(rows).count())]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[WeChatUser], **answers: Any) -> Outcome:
        ended = sum([blocking.block(person, **answers, staff=request.user) for person in rows])
        text = ngettext(
            "Blocked, and %d login session ended. Its tokens are refused from the next request on.",
            "Blocked, and %d login sessions ended. Their tokens are refused from the next request on.",
            ended,
        )
        return Outcome(text % ended)


class Unblock(Act):
    name = "unblock"
    label = _("Unblock…")
    button = _("Unblock")
    explanation = _("They may log in again. Sessions that the block ended stay ended.")
    permission = "block_wechatuser"

    def preview(self, rows: Sequence[WeChatUser]) -> list[tuple[Any, Any]]:
        return [(_("people"), len(rows)), (_("of them blocked"), len(_only_blocked(rows)))]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[WeChatUser], **answers: Any) -> Outcome:
        blocked = _only_blocked(rows)
        for person in blocked:
            blocking.unblock(person, **answers, staff=request.user)
        text = ngettext(
            "%d person may log in again. Sessions that the block ended stay ended.",
            "%d people may log in again. Sessions that the block ended stay ended.",
            len(blocked),
        )
        return Outcome(text % len(blocked), messages.SUCCESS if blocked else messages.WARNING)


def _only_blocked(people: Sequence[WeChatUser]) -> list[WeChatUser]:
    now = database_time()
    return [person for person in people if person.is_blocked(now)]
