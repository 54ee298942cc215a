"""What the mini-program got from WeChat in encrypted form."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.crypto import constant_time_compare

from wxlogin.conf import conf
from wxlogin.exceptions import OpenDataInvalid
from wxlogin.models import WeChatUser
from wxlogin.wechat.crypto import CannotDecrypt, decrypt_open_data, raw_data_signature

from .profile import MAX_NICKNAME, clean_nickname
from .session_keys import usable_key_of

FUTURE = timedelta(minutes=5)  # how far WeChat's clock may be ahead of ours
PLACEHOLDER = "微信用户"  # what WeChat calls everybody since 2022 (wx.getUserProfile)


@dataclass(frozen=True)
class Sealed:
    """As the client got it; ``raw_data`` and ``signature`` come together or not at all."""

    encrypted_data: str
    iv: str
    raw_data: str | None = None
    signature: str | None = None


def open_for(wechat_user: WeChatUser, sealed: Sealed) -> dict[str, Any]:
    """The object that ``sealed`` holds, if it is ``wechat_user``'s and fresh.

    Raises ``SessionKeyMissing``, or ``OpenDataInvalid`` for whatever else is wrong: nobody signed what is in
    there, so an answer that told one fault from another would let it be read and forged byte by byte.
    """
    session_key = usable_key_of(wechat_user)[1]
    try:
        data = decrypt_open_data(session_key, sealed.encrypted_data, sealed.iv)
    except CannotDecrypt:
        raise OpenDataInvalid from None
    if not (_is_of(wechat_user, data) and _is_fresh(data["watermark"]) and _is_signed(sealed, session_key)):
        raise OpenDataInvalid
    return data


def take_profile(wechat_user: WeChatUser, data: dict[str, Any]) -> None:
    """Keep the nickname of a user info, unless it is WeChat's placeholder.

    Its picture is only an address, which dies when the person changes it and which we never fetch; its
    unionid is the login's business.
    """
    named = data.get("nickName")
    nickname = clean_nickname(named) if isinstance(named, str) else ""
    if nickname and nickname != PLACEHOLDER and len(nickname) <= MAX_NICKNAME:
        wechat_user.change(nickname=nickname)


def _is_of(wechat_user: WeChatUser, data: dict[str, Any]) -> bool:
    """Of this app; and of this person, where it says whose it is."""
    watermark = data.get("watermark")
    is_of_app = isinstance(watermark, dict) and watermark.get("appid") == wechat_user.appid
    return is_of_app and data.get("openId", wechat_user.openid) == wechat_user.openid


def _is_fresh(watermark: dict[str, Any]) -> bool:
    made_at = watermark.get("timestamp")
    if isinstance(made_at, bool) or not isinstance(made_at, int):
        return False
    age = (
        int(timezone.now().timestamp()) - made_at
    )  # whole numbers: a float overflows where a stranger wants it to
    return -FUTURE.total_seconds() <= age <= conf.OPEN_DATA_MAX_AGE.total_seconds()


def _is_signed(sealed: Sealed, session_key: str) -> bool:
    if sealed.raw_data is None or sealed.signature is None:
        return True
    return constant_time_compare(raw_data_signature(sealed.raw_data, session_key), sealed.signature)
