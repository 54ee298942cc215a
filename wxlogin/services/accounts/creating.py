"""New Django users."""

import base64
import secrets

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils.crypto import salted_hmac

from wxlogin.conf import conf
from wxlogin.models import WeChatUser
from wxlogin.models.users import is_username_taken
from wxlogin.wechat.results import Code2Session


def create_user(*, appid: str, openid: str, unionid: str) -> AbstractBaseUser:
    """Create and save a Django user with an unusable password and no rights. The default ``USER_FACTORY``.

    It runs inside the transaction that stores the identity. If a parallel first login of the same person wins
    the race, this user is rolled back together with the identity.
    """
    User = get_user_model()
    name = derive_username(appid, openid)
    has_mail = isinstance(User._meta.get_field(User.USERNAME_FIELD), models.EmailField)
    # An e-mail address that belongs to nobody: the domain .invalid never resolves.
    domain = "@wechat.invalid" if has_mail else ""
    if is_username_taken(name + domain):
        # The person was unlinked from a user that was kept, and comes back as somebody new.
        name = f"{name}_{secrets.token_hex(4)}"
    user = User(**{User.USERNAME_FIELD: name + domain})
    user.set_unusable_password()
    user.save()
    return user


def derive_username(appid: str, openid: str) -> str:
    """Return the same username each time for one identity. The openid can't be computed from it."""
    digest = salted_hmac("wxlogin.username", f"{appid}\0{openid}", algorithm="sha256").digest()
    return "wx_" + base64.b32encode(digest[:15]).decode().lower()


def make_user(appid: str, identity: Code2Session | WeChatUser) -> AbstractBaseUser:
    """Return a new user for ``identity``, made by the project's ``USER_FACTORY``."""
    user: AbstractBaseUser = conf.USER_FACTORY(appid=appid, openid=identity.openid, unionid=identity.unionid)
    return user
