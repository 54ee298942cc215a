"""Export of people as CSV for a spreadsheet, with a record in the staff log."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from wxlogin import databases
from wxlogin.clock import utc_now
from wxlogin.conf import conf
from wxlogin.masking import mask_phone, shorten
from wxlogin.models import WeChatUser
from wxlogin.models.people import WeChatUserQuerySet
from wxlogin.secret import PrivateStr
from wxlogin.services.staff_log import Action, Staff, record
from wxlogin.vault import CannotOpen

MAX_ROWS = 10_000
# People are read from the database in chunks of this size, while the file is sent.
CHUNK = 500
# An unmasked export of at most this many people is recorded once for each person.
MAX_NAMED = 100
# Characters at which a spreadsheet starts a formula, also in full width.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
# Excel doesn't recognise UTF-8 without a byte order mark.
BOM = "\ufeff"


def export_people(
    ids: Sequence[int], *, unmasked: bool, staff: Staff, reason: str, filters: Sequence[str], searched: bool
) -> Iterator[str]:
    """Record the export, and return the lines of a CSV file with the first ``MAX_ROWS`` of these people.

    Openids, unionids and phone numbers are masked, unless ``unmasked``. ``filters`` are the filters of the list that
    staff exported. If staff searched, the staff log says so, but not for what. An unmasked export of at most
    ``MAX_NAMED`` people is recorded once for each person, like a reveal. Raises ``ValueError`` for a reason that is
    empty or longer than 200 characters.
    """
    ids = ids[:MAX_ROWS]
    details = {"rows": len(ids), "unmasked": unmasked, "filters": list(filters), "searched": searched}
    named: Iterable[WeChatUser] = (
        WeChatUser.objects.with_ids(ids) if unmasked and len(ids) <= MAX_NAMED else ()
    )
    record(Action.EXPORT, named, staff=staff, reason=reason, details=details)
    # The file is sent after the request, when a router may not know its tenant any more.
    return _lines(WeChatUser.objects.using(databases.alias()), ids, unmasked)


def _lines(people: WeChatUserQuerySet, ids: Sequence[int], unmasked: bool) -> Iterator[str]:
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield BOM + writer.writerow(
        [
            gettext("app"),
            gettext("openid"),
            gettext("unionid"),
            gettext("phone"),
            gettext("nickname"),
            gettext("user id"),
            gettext("created"),
            gettext("last login"),
            gettext("blocked"),
        ]
    )
    now = utc_now()
    for start in range(0, len(ids), CHUNK):
        for person in people.in_order(ids[start : start + CHUNK]):
            yield writer.writerow(map(defuse, _row(person, unmasked, now)))


def _row(person: WeChatUser, unmasked: bool, now: datetime) -> list[Any]:
    app = conf.APPS.get(person.appid)
    return [
        app.name if app else person.appid,
        *(each if unmasked or not each else shorten(each) for each in (person.openid, person.unionid)),
        _phone(person, unmasked),
        person.nickname,
        person.user_id,
        person.created_at.isoformat(),
        person.last_login_at.isoformat(),
        gettext("Yes") if person.is_blocked(now) else "",
    ]


def _phone(person: WeChatUser, unmasked: bool) -> str:
    """Return the phone without its plus sign, which would make it a formula."""
    try:
        phone = person.phone
    except CannotOpen:
        return "?"
    if phone is None:
        return ""
    if unmasked:
        return PrivateStr(f"{phone.country_code} {phone.number}")
    return mask_phone(phone.number, phone.country_code).removeprefix("+")


def defuse(value: Any) -> str:
    """Return ``value`` as text that no spreadsheet takes for a formula."""
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


class _Echo:
    """A file for ``csv.writer`` that returns each line instead of storing it."""

    def write(self, line: str) -> str:
        return line
