"""Erase people."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _, ngettext

from wxlogin.exceptions import StorageUnavailable
from wxlogin.models import WeChatUser
from wxlogin.services import erasure

from .base import Act, Outcome


class Erase(Act):
    name = "erase"
    label = _("Erase…")
    button = _("Erase for good")
    explanation = _(
        "This can't be undone. Below is what would go; nothing has been touched yet. With a person go all "
        "identities of their account, in every app. Their next login is a new person. A block goes on."
    )
    permission = "erase_wechatuser"
    max_rows = 20
    protects_staff = True
    is_dangerous = True

    def preview(self, rows: Sequence[WeChatUser]) -> list[tuple[Any, Any]]:
        """Count what would be erased, without touching it."""
        previews = [erasure.preview(user) for user in _users(rows)]
        return [
            (_("identities"), sum(each.identities for each in previews)),
            (_("login sessions, kept without a person"), sum(each.sessions for each in previews)),
            (_("phone numbers"), sum(each.phones for each in previews)),
            (_("pictures"), sum(each.pictures for each in previews)),
            (_("session keys"), sum(each.session_keys for each in previews)),
            (_("blocks that go on"), sum(each.blocks for each in previews)),
            (_("accounts deleted"), sum(not each.is_user_kept for each in previews)),
            (_("accounts kept, staff's or with a password"), sum(each.is_user_kept for each in previews)),
        ]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[WeChatUser], **answers: Any) -> Outcome:
        erased = 0
        for user in _users(rows):
            try:
                erased += erasure.erase_for_staff(user, staff=request.user, reason=answers["reason"])
            except StorageUnavailable:
                return Outcome(
                    _("A picture could not be deleted, so its person is still here. Try again."),
                    messages.ERROR,
                )
        text = ngettext("%d identity erased.", "%d identities erased.", erased)
        return Outcome(text % erased)


def _users(people: Sequence[WeChatUser]) -> list[Any]:
    return list({person.user_id: person.user for person in people}.values())
