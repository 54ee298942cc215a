"""Data that WeChat encrypted for the mini-program, which posts it here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wxlogin.conf import conf
from wxlogin.exceptions import OpenDataInvalid
from wxlogin.models import WeChatUser
from wxlogin.secret import PrivateDict, Secret
from wxlogin.wechat.crypto import CannotDecrypt, decrypt_open_data, raw_data_signature

from .profile import MAX_NICKNAME, clean_nickname
from .session_keys import usable_key_of

# How far WeChat's clock may be ahead of ours.
MAX_CLOCK_SKEW = timedelta(minutes=5)
# The nickname that WeChat gives everybody since 2022 (wx.getUserProfile).
PLACEHOLDER = "微信用户"


@dataclass(frozen=True)
class EncryptedData:
    """The data as WeChat gave it to the client. ``raw_data`` and ``signature`` come together or not at all."""

    encrypted_data: Secret[str]
    iv: Secret[str]
    raw_data: Secret[str] | None = None
    signature: Secret[str] | None = None


def decrypt_for(wechat_user: WeChatUser, encrypted: EncryptedData) -> PrivateDict:
    """Decrypt the data, and return the object in it if it is ``wechat_user``'s and fresh.

    Raises ``SessionKeyMissing``, or ``OpenDataInvalid`` for every other problem. The data isn't signed, so an
    answer that tells one problem from another would be a padding oracle: an attacker could read and forge the data
    byte by byte.
    """
    key, session_key = usable_key_of(wechat_user)
    try:
        data = decrypt_open_data(session_key, encrypted.encrypted_data, encrypted.iv)
    except CannotDecrypt:
        raise OpenDataInvalid from None
    is_theirs = _belongs_to(wechat_user, data) and _is_fresh(data["watermark"], key.read_at)
    if not (is_theirs and _has_right_signature(encrypted, session_key)):
        raise OpenDataInvalid
    return data


def store_nickname(wechat_user: WeChatUser, data: dict[str, Any]) -> None:
    """Store the nickname of a decrypted user info, unless it is WeChat's placeholder.

    The picture in it is only a URL, which stops working when the person changes their picture; we never
    fetch it. The unionid in it is left to the login.
    """
    named = data.get("nickName")
    nickname = clean_nickname(named) if isinstance(named, str) else ""
    if nickname and nickname != PLACEHOLDER and len(nickname) <= MAX_NICKNAME:
        wechat_user.change(nickname=nickname)


def _belongs_to(wechat_user: WeChatUser, data: dict[str, Any]) -> bool:
    """True if the data is this app's and, if it names a person, this person's."""
    watermark = data.get("watermark")
    is_of_app = isinstance(watermark, dict) and watermark.get("appid") == wechat_user.appid
    return is_of_app and data.get("openId", wechat_user.openid) == wechat_user.openid


def _is_fresh(watermark: dict[str, Any], now: datetime) -> bool:
    made_at = watermark.get("timestamp")
    if isinstance(made_at, bool) or not isinstance(made_at, int):
        return False
    # Use whole numbers, since an attacker could make a float overflow.
    age = int(now.timestamp()) - made_at
    return -MAX_CLOCK_SKEW.total_seconds() <= age <= conf.OPEN_DATA_MAX_AGE.total_seconds()


def _has_right_signature(encrypted: EncryptedData, session_key: Secret[str]) -> bool:
    """True if the signature is right, or if the client sent none."""
    if encrypted.raw_data is None or encrypted.signature is None:
        return True
    return raw_data_signature(encrypted.raw_data, session_key) == encrypted.signature
