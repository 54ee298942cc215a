"""WeChat's session_key of a person: ask whether it is live, and have it replaced."""

from collections.abc import Callable

from wxlogin.caller import Caller
from wxlogin.exceptions import SessionKeyMissing
from wxlogin.gateway import get_client
from wxlogin.models import SessionKey, WeChatUser
from wxlogin.secret import Secret
from wxlogin.vault import CannotOpen

from .refusals import store_refusals
from .staff_log import Action, Staff, record


def key_of(wechat_user: WeChatUser) -> SessionKey:
    """Return the row of the person's key, also of a dropped one. Raises ``SessionKeyMissing`` if there is no row."""
    key = SessionKey.objects.of_person(wechat_user)
    if key is None:
        raise SessionKeyMissing
    return key


def usable_key_of(wechat_user: WeChatUser) -> tuple[SessionKey, Secret[str]]:
    """Return the row and the session_key itself. Raises ``SessionKeyMissing`` if none is held or none opens."""
    key = key_of(wechat_user)
    if not key.is_held:
        raise SessionKeyMissing
    try:
        return key, key.unseal()
    except CannotOpen:
        raise SessionKeyMissing from None


def check(wechat_user: WeChatUser, *, caller: Caller) -> SessionKey:
    """Ask WeChat whether the key is still live, and drop a dead one.

    Raises ``SessionKeyMissing`` or ``WeChatError``.
    """
    key, session_key = usable_key_of(wechat_user)
    client = get_client(wechat_user.appid)
    with store_refusals(
        "session key not checked", appid=wechat_user.appid, caller=caller, wechat_user=wechat_user
    ):
        is_live = client.has_live_session_key(wechat_user.openid, session_key)
    SessionKey.objects.store_check(key, is_live=is_live)
    return key_of(wechat_user)


def reset(wechat_user: WeChatUser, *, caller: Caller) -> SessionKey:
    """Have WeChat replace the key, after a leak for example. Data encrypted with the old key no longer opens.

    Raises ``SessionKeyMissing`` or ``WeChatError``, also if the key is no longer live: then only ``wx.login``
    brings a new one.
    """
    key, session_key = usable_key_of(wechat_user)
    client = get_client(wechat_user.appid)
    with store_refusals(
        "session key not reset", appid=wechat_user.appid, caller=caller, wechat_user=wechat_user
    ):
        fresh = client.reset_session_key(wechat_user.openid, session_key)
    SessionKey.objects.store(key.wechat_user, fresh, asked_at=key.read_at)
    return key_of(wechat_user)


def check_for_staff(wechat_user: WeChatUser, *, staff: Staff, reason: str) -> SessionKey:
    """Do ``check``, and record the act. Also raises ``ValueError`` for a reason that is empty or too long."""
    return _for_staff(check, Action.CHECK_SESSION_KEY, wechat_user, staff, reason)


def reset_for_staff(wechat_user: WeChatUser, *, staff: Staff, reason: str) -> SessionKey:
    """Do ``reset``, and record the act. Also raises ``ValueError`` for a reason that is empty or too long."""
    return _for_staff(reset, Action.RESET_SESSION_KEY, wechat_user, staff, reason)


def _for_staff(
    ask: Callable[..., SessionKey],
    action: Action,
    wechat_user: WeChatUser,
    staff: Staff,
    reason: str,
) -> SessionKey:
    """Record the act, then ask WeChat: after that it can't be undone.

    A failure is stored for the person, so it doesn't get the IP address of the staff member.
    """
    record(action, [wechat_user], staff=staff, reason=reason)
    return ask(wechat_user, caller=Caller())
