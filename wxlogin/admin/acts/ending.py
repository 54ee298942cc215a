"""End login sessions."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _, ngettext

from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.services import sessions

from .base import Act, Outcome

NEXT_REQUEST = _("Their tokens are refused from the next request on. The people may log in again.")


class EndSessions(Act):
    """End the selected sessions."""

    name = "end_sessions"
    label = _("End login sessions…")
    button = _("End them")
    explanation = NEXT_REQUEST
    permission = "end_loginsession"
    max_rows = 1_000

    def preview(self, rows: Sequence[LoginSession]) -> list[tuple[Any, Any]]:
        now = utc_now()
        live = [session for session in rows if not session.is_over(now)]
        people = {session.wechat_user_id for session in live}
        return [(_("live sessions"), len(live)), (_("people"), len(people))]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[LoginSession], **answers: Any) -> Outcome:
        return _outcome(sessions.end_sessions(rows, staff=request.user, reason=answers["reason"]))


class EndAllSessions(Act):
    """End every session of the selected people."""

    name = "end_sessions"
    label = _("End all login sessions…")
    button = _("End them all")
    explanation = NEXT_REQUEST
    permission = "end_loginsession"

    def preview(self, rows: Sequence[WeChatUser]) -> list[tuple[Any, Any]]:
        return [(_("live sessions"), sessions.live_sessions_of(rows).count()), (_("people"), len(rows))]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[WeChatUser], **answers: Any) -> Outcome:
        live = sessions.live_sessions_of(rows)
        return _outcome(sessions.end_sessions(live, staff=request.user, reason=answers["reason"]))


def _outcome(count: int) -> Outcome:
    if not count:
        return Outcome(_("Nothing to end: all of it was over already."), messages.WARNING)
    text = ngettext(
        "%d login session ended. Its tokens are refused from the next request on.",
        "%d login sessions ended. Their tokens are refused from the next request on.",
        count,
    )
    return Outcome(text % count)
