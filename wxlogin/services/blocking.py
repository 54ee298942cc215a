"""Keep a person out, and let them in again."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.utils import timezone

from wxlogin.models import WeChatUser

from . import sessions
from .log import log, short_hash
from .reasons import checked_reason
from .storage import in_one_transaction


@in_one_transaction
def block(
    wechat_user: WeChatUser,
    *,
    reason: str,
    until: datetime | None = None,
    public: bool = False,
    staff: AbstractBaseUser | AnonymousUser | None = None,
) -> int:
    """Refuse ``wechat_user``'s logins, refreshes and requests from now on; how many sessions that ended.

    ``until`` None lasts until ``unblock``; ``public`` shows the person ``reason``. Raises ``ValueError`` for
    a reason that is empty or longer than 200 characters.
    """
    _change(
        wechat_user,
        blocked_at=timezone.now(),
        blocked_until=until,
        block_reason=checked_reason(reason),
        block_reason_public=public,
    )
    facts: dict[str, Any] = {
        "person": short_hash(wechat_user),
        "until": until,
        "staff": staff.pk if staff else None,
    }
    transaction.on_commit(lambda: log("blocked", **facts), robust=True)
    return sessions.end_sessions_of_disabled([wechat_user.pk])


@in_one_transaction
def unblock(wechat_user: WeChatUser, *, staff: AbstractBaseUser | AnonymousUser | None = None) -> None:
    """Let ``wechat_user`` log in again. Sessions that the block ended stay ended."""
    _change(wechat_user, blocked_at=None, blocked_until=None, block_reason="", block_reason_public=False)
    facts: dict[str, Any] = {"person": short_hash(wechat_user), "staff": staff.pk if staff else None}
    transaction.on_commit(lambda: log("unblocked", **facts), robust=True)


def _change(wechat_user: WeChatUser, **fields: Any) -> None:
    """Also where the person was deleted meanwhile, and there is nobody left to keep out."""
    WeChatUser.objects.filter(pk=wechat_user.pk).update(**fields)
    for name, value in fields.items():
        setattr(wechat_user, name, value)
