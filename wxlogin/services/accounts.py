"""The Django user behind a WeChat user."""

import base64
import secrets

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.utils.crypto import salted_hmac


def create_user(*, appid: str, openid: str, unionid: str) -> AbstractBaseUser:
    """The default ``USER_FACTORY``: a saved user with an unusable password and no rights.

    Runs inside the transaction that stores the identity: if another first login of the same person wins,
    this user is rolled back.
    """
    User = get_user_model()
    username = derive_username(appid, openid)
    if User._default_manager.filter(**{User.USERNAME_FIELD: username}).exists():
        # A kept account that the person was unlinked from: they come back as somebody new.
        username = f"{username}_{secrets.token_hex(4)}"
    user = User(**{User.USERNAME_FIELD: username})
    user.set_unusable_password()
    user.save()
    return user


def derive_username(appid: str, openid: str) -> str:
    """Always the same for one identity, and tells nothing about it."""
    digest = salted_hmac("wxlogin.username", f"{appid}\0{openid}", algorithm="sha256").digest()
    return "wx_" + base64.b32encode(digest[:15]).decode().lower()
