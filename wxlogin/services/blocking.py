"""Keep a person out, and let them in again."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils import timezone

from wxlogin.models import WeChatUser

from . import sessions
from .log import log, short_hash


def block(
    wechat_user: WeChatUser,
    *,
    reason: str,
    until: datetime | None = None,
    public: bool = False,
    staff: AbstractBaseUser | AnonymousUser | None = None,
) -> int:
    """Refuse ``wechat_user``'s logins, refreshes and requests from now on; how many sessions that ended.

    ``until`` None lasts until ``unblock``; ``public`` shows the person ``reason``. A login under way holds
    the row's lock: its session is there by the time that sessions are ended.
    """
    wechat_user.blocked_at, wechat_user.blocked_until = timezone.now(), until
    wechat_user.block_reason, wechat_user.block_reason_public = reason, public
    _save(wechat_user)
    log("blocked", person=short_hash(wechat_user), until=until, staff=staff.pk if staff else None)
    return sessions.end_sessions_of_blocked(wechat_user)


def unblock(wechat_user: WeChatUser, *, staff: AbstractBaseUser | AnonymousUser | None = None) -> None:
    """Let ``wechat_user`` log in again. Sessions that the block ended stay ended."""
    wechat_user.blocked_at = wechat_user.blocked_until = None
    wechat_user.block_reason, wechat_user.block_reason_public = "", False
    _save(wechat_user)
    log("unblocked", person=short_hash(wechat_user), staff=staff.pk if staff else None)


def _save(wechat_user: WeChatUser) -> None:
    wechat_user.save(update_fields=["blocked_at", "blocked_until", "block_reason", "block_reason_public"])
