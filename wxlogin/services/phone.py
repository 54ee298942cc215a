"""The phone number of a person, from WeChat's button or from encrypted data."""

import time

from django.db import Error

from wxlogin.caller import Caller
from wxlogin.conf import conf
from wxlogin.exceptions import OpenDataInvalid, TokenInvalid, WxLoginError
from wxlogin.gateway import get_client
from wxlogin.log import log
from wxlogin.models import WeChatUser
from wxlogin.secret import Secret
from wxlogin.wechat.client import phone_number_in
from wxlogin.wechat.errors import WeChatError
from wxlogin.wechat.results import PhoneNumber

from . import open_data
from .refusals import store_refusals


def bind_with_code(
    wechat_user: WeChatUser, code: Secret[str], *, caller: Caller, until: float | None = None
) -> PhoneNumber:
    """Store the number behind the code of a ``getPhoneNumber`` button. Raises ``WeChatError``.

    The caller's openid is sent along, so that WeChat refuses another person's code. ``until``: see ``WeChatClient``.
    """
    client = get_client(wechat_user.appid)
    with store_refusals("phone refused", appid=wechat_user.appid, caller=caller, wechat_user=wechat_user):
        phone = client.phone_number(code, wechat_user.openid, until=until)
    _store(wechat_user, phone)
    return phone


def bind_with_open_data(wechat_user: WeChatUser, encrypted: open_data.EncryptedData) -> PhoneNumber:
    """Store the number in encrypted data, the older way. Raises ``SessionKeyMissing`` or ``OpenDataInvalid``."""
    phone = phone_number_in(open_data.decrypt_for(wechat_user, encrypted))
    if phone is None:
        raise OpenDataInvalid
    _store(wechat_user, phone)
    return phone


def bind_at_login(wechat_user: WeChatUser, code: Secret[str], *, caller: Caller, started: float) -> None:
    """Bind within the time that is left of the login's deadline. An error is only logged: the login succeeds anyway."""
    until = started + conf.UPSTREAM_DEADLINE
    if time.monotonic() >= until:
        log("phone not asked for", person=wechat_user.log_hash, problem="no time left")
        return
    try:
        bind_with_code(wechat_user, code, caller=caller, until=until)
    except (WeChatError, WxLoginError, Error) as exc:
        # The code is spent and the session stored: an error now would lose the login for the person.
        log("phone not bound", person=wechat_user.log_hash, problem=type(exc).__name__)


def _store(wechat_user: WeChatUser, phone: PhoneNumber) -> None:
    """Store ``phone``. Raises ``TokenInvalid`` if the person was deleted meanwhile."""
    if not wechat_user.store_phone(phone):
        raise TokenInvalid
    log("phone bound", person=wechat_user.log_hash)
