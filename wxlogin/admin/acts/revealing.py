"""Reveal one masked field of one person."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from wxlogin.models import WeChatUser
from wxlogin.services.staff import revealing
from wxlogin.vault import CannotOpen

from ..links import page_url
from .base import Act, Outcome, ReasonForm, no_store

FIELDS = [("openid", _("openid")), ("unionid", _("unionid")), ("phone", _("phone"))]


class RevealForm(ReasonForm):
    field = forms.ChoiceField(label=_("field"), choices=FIELDS)


class Reveal(Act):
    name = "reveal"
    label = _("Reveal a masked field…")
    button = _("Reveal")
    explanation = _(
        "The value is shown once, on the next page. That you saw it, and why, is in the staff log."
    )
    permission = "reveal_wechatuser"
    form = RevealForm
    max_rows = 1
    is_in_list = False
    protects_staff = True

    def do(
        self, page: Any, request: HttpRequest, rows: Sequence[WeChatUser], **answers: Any
    ) -> Outcome | HttpResponseBase:
        field = answers["field"]
        try:
            value = revealing.reveal(rows[0], field, staff=request.user, reason=answers["reason"])  # type: ignore[arg-type]
        except revealing.TooManyReveals:
            return Outcome(
                _("You have revealed a lot within an hour. Wait, or ask a colleague."), messages.ERROR
            )
        except CannotOpen:
            return Outcome(_("The phone is sealed with a key that is no longer listed."), messages.ERROR)
        context = {
            **page.admin_site.each_context(request),
            "title": dict(FIELDS)[field],
            "opts": page.opts,
            "value": value,
            "back_url": page_url(rows[0]),
            "media": page.media,
        }
        return no_store(TemplateResponse(request, "wxlogin/admin/revealed.html", context))
