"""The profile of a person: the nickname, and a copy of everything that is kept about them."""

import unicodedata
from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError

from wxlogin.database_errors import is_unstorable, log_unstorable
from wxlogin.exceptions import TokenInvalid, UnusableNickname
from wxlogin.models import WeChatUser

# They reverse the reading direction of the text next to the name.
BIDIRECTIONAL = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MAX_NICKNAME = 64
# Letters, numbers, punctuation, symbols.
VISIBLE = "LNPS"
REMOVED_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}


def clean_nickname(text: str) -> str:
    """Return ``text`` without control and bidirectional characters; emoji and their joiners stay.

    Return "" if no visible character is left.
    """
    kept = (
        char
        for char in text
        if char not in BIDIRECTIONAL and unicodedata.category(char) not in REMOVED_CATEGORIES
    )
    cleaned = "".join(kept).strip()
    return cleaned if any(unicodedata.category(char)[0] in VISIBLE for char in cleaned) else ""


def set_nickname(wechat_user: WeChatUser, nickname: str) -> None:
    """Store a nickname of 1 to 64 characters that ``clean_nickname`` has cleaned.

    Raises ``TokenInvalid`` if the person was deleted meanwhile, and ``UnusableNickname``.
    """
    try:
        is_stored = wechat_user.change(nickname=nickname)
    except (DatabaseError, UnicodeEncodeError) as exc:
        if not is_unstorable(exc):
            raise
        log_unstorable("wxlogin_wechatuser.nickname", exc)
        raise UnusableNickname from None
    if not is_stored:
        raise TokenInvalid


def everything_about(user: AbstractBaseUser) -> Iterable[WeChatUser]:
    """Return the Django user's identities, oldest first, with everything that is kept about each."""
    return WeChatUser.objects.of_user(user).with_all_data()
