"""Revealing one masked field of one person to staff, with a record in the staff log."""

import logging
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser

from wxlogin.log import log
from wxlogin.models import StaffAct, WeChatUser
from wxlogin.models.clock import database_time
from wxlogin.models.users import lock_users
from wxlogin.secret import PrivateStr
from wxlogin.transactions import in_one_transaction

from ..staff_log import Action, record

# The limit for each staff member.
MAX_REVEALS, PERIOD = 30, timedelta(hours=1)


class TooManyReveals(Exception):
    """One staff member revealed more than ``MAX_REVEALS`` fields within ``PERIOD``."""


@in_one_transaction
def reveal(wechat_user: WeChatUser, field: str, *, staff: AbstractBaseUser, reason: str) -> str:
    """Return ``openid``, ``unionid`` or ``phone`` in clear, "" if there is none, and record the act.

    Raises ``TooManyReveals``, ``CannotOpen`` for a phone that no listed key opens, and ``ValueError`` for a
    reason that is empty or longer than 200 characters.
    """
    # Parallel reveals wait for each other here, so that each one counts the ones before it.
    lock_users(staff)
    if StaffAct.objects.count_of(staff, Action.REVEAL, since=database_time() - PERIOD) >= MAX_REVEALS:
        log("too many reveals", logging.WARNING, staff=staff.pk)
        raise TooManyReveals
    value = READ[field](wechat_user)
    record(Action.REVEAL, [wechat_user], staff=staff, reason=reason, details={"field": field})
    return value


def _phone(wechat_user: WeChatUser) -> str:
    phone = wechat_user.phone
    return PrivateStr(f"+{phone.country_code} {phone.number}" if phone else "")


READ = {
    "openid": lambda person: str(person.openid),
    "unionid": lambda person: str(person.unionid),
    "phone": _phone,
}
