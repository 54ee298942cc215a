"""WeChat's key for a person: whether it holds, and a new one for it."""

from collections.abc import Callable

from django.utils import timezone

from wxlogin.caller import Caller
from wxlogin.exceptions import SessionKeyMissing
from wxlogin.gateway import get_client
from wxlogin.models import SessionKey, WeChatUser
from wxlogin.vault import CannotOpen

from .refusals import recorded
from .staff_log import Action, Staff, record


def key_of(wechat_user: WeChatUser) -> SessionKey:
    """What is known about the person's key, also of one that was dropped. Raises ``SessionKeyMissing``."""
    key = SessionKey.objects.select_related("wechat_user").filter(wechat_user=wechat_user).first()
    if key is None:
        raise SessionKeyMissing
    return key


def usable_key_of(wechat_user: WeChatUser) -> tuple[SessionKey, str]:
    """The row and the session_key itself. Raises ``SessionKeyMissing`` where none is held or none opens."""
    key = key_of(wechat_user)
    if not key.is_held:
        raise SessionKeyMissing
    try:
        return key, key.reveal()
    except CannotOpen:
        raise SessionKeyMissing from None


def check(wechat_user: WeChatUser, *, caller: Caller) -> SessionKey:
    """Ask WeChat whether the key still holds; one that doesn't is dropped.

    Raises ``SessionKeyMissing`` or ``WeChatError``.
    """
    key, session_key = usable_key_of(wechat_user)
    client = get_client(wechat_user.appid)
    with recorded("session key not checked", appid=wechat_user.appid, caller=caller, wechat_user=wechat_user):
        is_live = client.has_live_session_key(wechat_user.openid, session_key)
    SessionKey.objects.checked(key, is_live=is_live, at=timezone.now())
    return key_of(wechat_user)


def reset(wechat_user: WeChatUser, *, caller: Caller) -> SessionKey:
    """Have WeChat replace the key, as after a leak; open data made with the old one no longer opens.

    Raises ``SessionKeyMissing`` or ``WeChatError``, also where the key is no longer live: then only
    ``wx.login`` brings a new one.
    """
    key, session_key = usable_key_of(wechat_user)
    client = get_client(wechat_user.appid)
    asked_at = timezone.now()
    with recorded("session key not reset", appid=wechat_user.appid, caller=caller, wechat_user=wechat_user):
        fresh = client.reset_session_key(wechat_user.openid, session_key)
    SessionKey.objects.keep(key.wechat_user, fresh, asked_at=asked_at)
    return key_of(wechat_user)


def check_for_staff(wechat_user: WeChatUser, *, staff: Staff, reason: str) -> SessionKey:
    """``check``, on record. Raises ``ValueError`` too, for a reason that is empty or too long."""
    return _for_staff(check, Action.CHECK_SESSION_KEY, wechat_user, staff, reason)


def reset_for_staff(wechat_user: WeChatUser, *, staff: Staff, reason: str) -> SessionKey:
    """``reset``, on record. Raises ``ValueError`` too, for a reason that is empty or too long."""
    return _for_staff(reset, Action.RESET_SESSION_KEY, wechat_user, staff, reason)


def _for_staff(
    ask: Callable[..., SessionKey],
    action: Action,
    wechat_user: WeChatUser,
    staff: Staff,
    reason: str,
) -> SessionKey:
    """On record before WeChat is asked: what it does then can't be taken back.

    A failure is the person's, the address of staff none of theirs.
    """
    record(action, [wechat_user], staff=staff, reason=reason)
    return ask(wechat_user, caller=Caller())
