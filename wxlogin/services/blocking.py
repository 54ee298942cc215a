"""Blocking a person, and unblocking them."""

from datetime import datetime

from wxlogin.clock import as_aware
from wxlogin.models import WeChatUser
from wxlogin.models.clock import database_time
from wxlogin.transactions import in_one_transaction

from . import sessions
from .decisions import Decision, log_decision
from .staff_log import Action, Staff, checked_reason, record


@in_one_transaction
def block(
    wechat_user: WeChatUser,
    *,
    reason: str,
    until: datetime | None = None,
    public: bool = False,
    staff: Staff = None,
) -> int:
    """Refuse ``wechat_user``'s logins, refreshes and requests from now on. Return how many sessions this ended.

    The block ends at ``until``, or lasts until ``unblock`` if that is None. ``public`` shows the person
    ``reason``. Do nothing if the person was deleted meanwhile. Raises ``ValueError`` for a reason that is empty or
    longer than 200 characters.
    """
    reason = checked_reason(reason)
    until = as_aware(until) if until else None
    if not wechat_user.change(
        blocked_at=database_time(), blocked_until=until, block_reason=reason, block_reason_public=public
    ):
        return 0
    ends = until.isoformat() if until else None
    log_decision(Decision.BLOCKED, wechat_user, until=ends, staff=staff.pk if staff else None)
    ended = sessions.end_sessions_of_disabled([wechat_user.pk])
    details = {"sessions": ended, "until": ends, "public": public}
    record(Action.BLOCK, [wechat_user], staff=staff, reason=reason, details=details)
    return ended


@in_one_transaction
def unblock(wechat_user: WeChatUser, *, reason: str, staff: Staff = None) -> None:
    """Let ``wechat_user`` log in again. Sessions that the block ended stay ended.

    Raises ``ValueError`` for a reason that is empty or longer than 200 characters.
    """
    reason = checked_reason(reason)
    if not wechat_user.change(
        blocked_at=None, blocked_until=None, block_reason="", block_reason_public=False
    ):
        return
    record(Action.UNBLOCK, [wechat_user], staff=staff, reason=reason)
    log_decision(Decision.UNBLOCKED, wechat_user, staff=staff.pk if staff else None)
