"""Export people as a table for a spreadsheet."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from wxlogin.clock import utc_now
from wxlogin.models import WeChatUser
from wxlogin.models.lists import ids_in_order
from wxlogin.services.staff import exporting

from .base import Act, ReasonForm, no_store


class ExportForm(ReasonForm):
    unmasked = forms.BooleanField(
        label=_("whole openids, unionids and phone numbers"),
        required=False,
        help_text=_("Without it they are masked."),
    )

    def __init__(self, data: Any, *, rows: Sequence[Any], request: HttpRequest) -> None:
        super().__init__(data, rows=rows, request=request)
        if not request.user.has_perm("wxlogin.reveal_wechatuser"):
            del self.fields["unmasked"]


class Export(Act):
    name = "export"
    label = _("Export as CSV…")
    button = _("Export")
    explanation = _(
        "Masked unless you may and want to see more. The file is personal data: keep it no longer than you need it."
    )
    permission = "export_wechatuser"
    form = ExportForm
    is_on_page = False
    lists_rows = False

    def load(self, rows: QuerySet[WeChatUser]) -> list[int]:
        """Load primary keys only: the people are read while the file is sent."""
        return ids_in_order(rows, exporting.MAX_ROWS + 1)

    def find_problem(self, rows: Sequence[int]) -> None:
        return None

    def preview(self, rows: Sequence[int]) -> list[tuple[Any, Any]]:
        if len(rows) <= exporting.MAX_ROWS:
            return [(_("people"), len(rows))]
        return [(_("people"), exporting.MAX_ROWS), (_("left out"), _("all further ones: use filters"))]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[int], **answers: Any) -> HttpResponseBase:
        lines = exporting.export_people(
            rows,
            unmasked=answers.get("unmasked", False),
            staff=request.user,
            reason=answers["reason"],
            filters=page.filters_in_use(request),
            searched=bool(request.GET.get("q")),
        )
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        name = f"wechat-users-{utc_now():%Y%m%d-%H%M%S}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return no_store(response)
