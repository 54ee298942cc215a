"""Showing staff what the pages mask: one field of one person, on record."""

import logging
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from wxlogin.log import log
from wxlogin.models import StaffAct, WeChatUser
from wxlogin.transactions import in_one_transaction

from .. import accounts
from ..staff_log import Action, record

AT_MOST, WITHIN = 30, timedelta(hours=1)  # reveals of one of the staff


class TooManyReveals(Exception):
    """Somebody of the staff unmasks people by the dozen."""


@in_one_transaction
def reveal(wechat_user: WeChatUser, field: str, *, staff: AbstractBaseUser, reason: str) -> str:
    """``openid``, ``unionid`` or ``phone`` in clear; empty if there is none.

    Raises ``TooManyReveals``, ``CannotOpen`` for a phone that no listed key opens, and ``ValueError`` for a
    reason that is empty or longer than 200 characters.
    """
    accounts.lock(staff)  # so that parallel ones count each other
    if StaffAct.objects.count_of(staff, Action.REVEAL, since=timezone.now() - WITHIN) >= AT_MOST:
        log("too many reveals", logging.WARNING, staff=staff.pk)
        raise TooManyReveals
    value = READ[field](wechat_user)
    record(Action.REVEAL, [wechat_user], staff=staff, reason=reason, details={"field": field})
    return value


def _phone(wechat_user: WeChatUser) -> str:
    phone = wechat_user.phone
    return f"+{phone.country_code} {phone.number}" if phone else ""


READ = {
    "openid": lambda person: str(person.openid),
    "unionid": lambda person: str(person.unionid),
    "phone": _phone,
}
