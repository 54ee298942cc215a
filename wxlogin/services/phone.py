"""The phone number that a person lets WeChat tell us."""

import time

from django.db import Error

from wxlogin.caller import Caller
from wxlogin.conf import conf
from wxlogin.exceptions import OpenDataInvalid, TokenInvalid, WxLoginError
from wxlogin.gateway import get_client
from wxlogin.log import log, short_hash
from wxlogin.models import WeChatUser
from wxlogin.wechat.client import phone_number_in
from wxlogin.wechat.errors import WeChatError
from wxlogin.wechat.results import PhoneNumber

from . import open_data
from .refusals import recorded


def bind_with_code(
    wechat_user: WeChatUser, code: str, *, caller: Caller, until: float | None = None
) -> PhoneNumber:
    """Keep the number behind the code of a ``getPhoneNumber`` button. Raises ``WeChatError``.

    WeChat is told who asks, so that one person's code never binds to another. ``until``: see ``WeChatClient``.
    """
    client = get_client(wechat_user.appid)
    with recorded("phone refused", appid=wechat_user.appid, caller=caller, wechat_user=wechat_user):
        phone = client.phone_number(code, wechat_user.openid, until=until)
    _keep(wechat_user, phone)
    return phone


def bind_with_open_data(wechat_user: WeChatUser, sealed: open_data.Sealed) -> PhoneNumber:
    """Keep the number in open data, the older way. Raises ``SessionKeyMissing`` or ``OpenDataInvalid``."""
    phone = phone_number_in(open_data.open_for(wechat_user, sealed))
    if phone is None:
        raise OpenDataInvalid
    _keep(wechat_user, phone)
    return phone


def bind_at_login(wechat_user: WeChatUser, code: str, *, caller: Caller, started: float) -> None:
    """``bind_with_code`` within what is left of the login's time; it never costs the login."""
    until = started + conf.UPSTREAM_DEADLINE
    if time.monotonic() >= until:
        log("phone not asked for", person=short_hash(wechat_user), problem="no time left")
        return
    try:
        bind_with_code(wechat_user, code, caller=caller, until=until)
    except (WeChatError, WxLoginError, Error) as exc:
        # The code is spent and the session stored: whoever loses the answer now has lost the login.
        log("phone not bound", person=short_hash(wechat_user), problem=type(exc).__name__)


def _keep(wechat_user: WeChatUser, phone: PhoneNumber) -> None:
    """Raises ``TokenInvalid`` if the person was deleted meanwhile."""
    if not wechat_user.keep_phone(phone):
        raise TokenInvalid
    log("phone bound", person=short_hash(wechat_user))
