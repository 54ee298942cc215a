"""The staff log: a row for each act of staff on a person, with who, what, why, when and from where."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from wxlogin.caller import staff_address
from wxlogin.log import request_id
from wxlogin.models import StaffAct, WeChatUser
from wxlogin.models.clock import DatabaseTime

MAX_REASON = 200
MAX_NAME = 254

Staff = AbstractBaseUser | AnonymousUser | None
Action = StaffAct.Action


def record(
    action: Action,
    people: Iterable[WeChatUser],
    *,
    staff: Staff,
    reason: str,
    will_be_erased: bool = False,
    **facts: Any,
) -> None:
    """Record an act: a row for each of ``people``, and one row if there are none. Needs the act's transaction.

    ``staff`` is None if the project's own code acted. ``will_be_erased``: the people are about to be erased, so the
    rows get no foreign key to them. ``facts`` are further columns; ``details`` among them is a dict without personal
    data. Raises ``ValueError`` as ``checked_reason`` does.
    """
    columns = {
        "action": action,
        "created_at": DatabaseTime(),
        "staff_id": staff.pk if staff else None,
        # A name may be longer where the project's user model has a column for it.
        "staff_name": staff.get_username()[:MAX_NAME] if staff else "",
        "reason": checked_reason(reason),
        "ip": staff_address.get(),
        "request_id": request_id.get(),
        **facts,
    }
    StaffAct.objects.add(people, will_be_erased=will_be_erased, **columns)


def checked_reason(reason: str) -> str:
    """Return the reason without surrounding space. Raises ``ValueError`` if empty or longer than ``MAX_REASON``."""
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise ValueError(f"a reason has 1 to {MAX_REASON} characters")
    return reason
