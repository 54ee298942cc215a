"""What staff do to people, on record: who, whom, what, why, when and from where."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from django.utils import timezone

from wxlogin.caller import client_address, request_id_of
from wxlogin.log import address, request_id, short_hash
from wxlogin.models import StaffAct, WeChatUser

MAX_REASON = 200

Staff = AbstractBaseUser | AnonymousUser | None
Action = StaffAct.Action


@contextmanager
def acting(request: HttpRequest) -> Iterator[None]:
    """What is done within is on record with the request's address and id, in the log too."""
    before = address.set(client_address(request)), request_id.set(request_id_of(request))
    try:
        yield
    finally:
        address.reset(before[0])
        request_id.reset(before[1])


def record(
    action: Action,
    people: Iterable[WeChatUser],
    *,
    staff: Staff,
    reason: str,
    are_going: bool = False,
    **facts: Any,
) -> None:
    """A row for each of ``people``, and one also where there is nobody; belongs into the act's transaction.

    ``staff`` None: the project's own code did it. ``are_going``: the people are about to be erased, and the
    rows may not hang on them. ``facts`` are further columns, ``details`` of them a dict without personal
    data. Raises ``ValueError`` as ``checked_reason`` does.
    """
    common = {
        "action": action,
        "created_at": timezone.now(),
        "staff_id": staff.pk if staff else None,
        "staff_name": staff.get_username() if staff else "",
        "reason": checked_reason(reason),
        "ip": address.get(),
        "request_id": request_id.get(),
        **facts,
    }
    rows = [
        StaffAct(
            wechat_user_id=None if are_going else person.pk,
            person=short_hash(person),
            appid=person.appid,
            **common,
        )
        for person in people
    ]
    StaffAct.objects.bulk_create(rows or [StaffAct(**common)])


def checked_reason(reason: str) -> str:
    """A reason as it goes on record. Raises ``ValueError`` if empty or longer than ``MAX_REASON``."""
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise ValueError(f"a reason has 1 to {MAX_REASON} characters")
    return reason
