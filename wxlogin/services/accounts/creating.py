"""New Django users, as the default ``USER_FACTORY`` makes them."""

import base64
import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils.crypto import salted_hmac

from wxlogin.models.users import is_username_taken

from .misfits import MAIL_DOMAIN

# Characters of a username, where its column has no limit.
ENOUGH = 100


def create_user(*, appid: str, openid: str, unionid: str) -> AbstractBaseUser:
    """Create and save a Django user with an unusable password and no rights. The default ``USER_FACTORY``.

    It runs inside the transaction that stores the identity. If a parallel first login of the same person wins
    the race, this user is rolled back together with the identity.
    """
    User = get_user_model()
    name = derive_username(appid, openid)
    column: Any = User._meta.get_field(User.USERNAME_FIELD)
    domain = MAIL_DOMAIN if isinstance(column, models.EmailField) else ""
    if is_username_taken(name + domain):
        # The person was unlinked from a user that was kept, and comes back as somebody new.
        addition = f"_{secrets.token_hex(4)}"
        room = (column.max_length or ENOUGH) - len(addition) - len(domain)
        name = name[:room] + addition
    user = User(**{User.USERNAME_FIELD: name + domain})
    user.set_unusable_password()
    user.save(**_save_options(user))
    return user


def _save_options(user: AbstractBaseUser) -> dict[str, Any]:
    """Return arguments for ``save`` that keep it from overwriting another user who has the same primary key.

    Only a key that has a value already needs any, and Django inserts by itself if a default gave that value. A model's
    own ``save`` may take no arguments, or save twice.
    """
    key: Any = user._meta.pk
    is_safe = user.pk is None or key.has_default() or key.has_db_default()
    return {} if is_safe else {"force_insert": True}


def derive_username(appid: str, openid: str) -> str:
    """Return the same username each time for one identity. The openid can't be computed from it."""
    digest = salted_hmac("wxlogin.username", f"{appid}\0{openid}", algorithm="sha256").digest()
    return "wx_" + base64.b32encode(digest[:15]).decode().lower()
