"""People as a table for a spreadsheet."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _now, gettext_lazy as _

from wxlogin.models import WeChatUser
from wxlogin.models.people import shorten
from wxlogin.services import staff_log
from wxlogin.services.staff_log import Action
from wxlogin.vault import CannotOpen

from ..base import app_name
from ..masks import mask_phone
from .base import Act, ReasonForm, no_store

MAX_ROWS = 10_000
CHUNK = 500
FILTERS = {"app", "state", "phone", "unionid", "last_login", "created"}
NAMED = 100  # people whose own log says that they were exported
# What a spreadsheet takes for the beginning of a formula, in full width too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
BOM = "\ufeff"  # without it Excel takes UTF-8 for something else


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
    told = _(
        "Masked unless you may and want to see more. The file is personal data: keep it no longer than you need it."
    )
    permission = "export_wechatuser"
    form = ExportForm
    on_page = False
    names_rows = False

    def chosen(self, rows: QuerySet[WeChatUser]) -> list[int]:
        """Keys alone: the people are read as the file is written."""
        return list(rows.values_list("pk", flat=True)[: MAX_ROWS + 1])

    def problem(self, rows: Sequence[int]) -> None:
        return None

    def preview(self, rows: Sequence[int]) -> list[tuple[Any, Any]]:
        if len(rows) <= MAX_ROWS:
            return [(_("people"), len(rows))]
        return [(_("people"), MAX_ROWS), (_("left out"), _("all further ones: use filters"))]

    def do(self, page: Any, request: HttpRequest, rows: Sequence[int], **answers: Any) -> HttpResponseBase:
        rows = rows[:MAX_ROWS]
        unmasked = answers.get("unmasked", False)
        details = {"rows": len(rows), "unmasked": unmasked, **_filters(request)}
        # Whole values of a few are as good as a reveal, and show with each of them.
        people = WeChatUser.objects.filter(pk__in=rows) if unmasked and len(rows) <= NAMED else []
        staff_log.record(Action.EXPORT, people, staff=request.user, reason=answers["reason"], details=details)
        response = StreamingHttpResponse(_lines(rows, unmasked), content_type="text/csv; charset=utf-8")
        name = f"wechat-users-{timezone.now():%Y%m%d-%H%M%S}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return no_store(response)


def _filters(request: HttpRequest) -> dict[str, Any]:
    """What the list was narrowed by; of a search only that there was one."""
    chosen = [f"{name}={value}" for name, value in sorted(request.GET.items()) if name in FILTERS]
    return {"filters": chosen, "searched": bool(request.GET.get("q"))}


class _Echo:
    def write(self, line: str) -> str:
        return line


def _people(pks: Sequence[int]) -> Iterator[WeChatUser]:
    for start in range(0, len(pks), CHUNK):
        found = WeChatUser.objects.in_bulk(pks[start : start + CHUNK])
        yield from (found[pk] for pk in pks[start : start + CHUNK] if pk in found)


def _lines(pks: Sequence[int], unmasked: bool) -> Iterator[str]:
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    head = [_now("app"), _now("openid"), _now("unionid"), _now("phone"), _now("nickname"), _now("user id")]
    yield BOM + writer.writerow([*head, _now("created"), _now("last login"), _now("blocked")])
    now = timezone.now()
    for person in _people(pks):
        ids = [person.openid, person.unionid]
        yield writer.writerow(
            [
                safe(value)
                for value in (
                    app_name(person.appid),
                    *(ids if unmasked else [shorten(each) if each else "" for each in ids]),
                    _phone(person, unmasked),
                    person.nickname,
                    person.user_id,
                    person.created_at.isoformat(),
                    person.last_login_at.isoformat(),
                    _now("Yes") if person.is_blocked(now) else "",
                )
            ]
        )


def safe(value: Any) -> str:
    """As text that no spreadsheet works out."""
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _phone(person: WeChatUser, unmasked: bool) -> str:
    try:
        phone = person.phone
    except CannotOpen:
        return "?"
    if phone is None:
        return ""
    # Without its plus sign, which would make it a formula.
    return f"{phone.country_code} {phone.number}" if unmasked else mask_phone(phone).removeprefix("+")
