"""What people say about themselves."""

import unicodedata

from wxlogin.exceptions import TokenInvalid
from wxlogin.models import WeChatUser

# They turn the reading direction of whatever is printed next to the name.
BIDIRECTIONAL = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MAX_NICKNAME = 64
VISIBLE = "LNPS"  # letters, numbers, punctuation, symbols
REMOVED_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}


def clean_nickname(text: str) -> str:
    """``text`` without control and bidirectional characters; emoji and their joiners stay.

    Empty where nothing that can be seen is left.
    """
    kept = (
        char
        for char in text
        if char not in BIDIRECTIONAL and unicodedata.category(char) not in REMOVED_CATEGORIES
    )
    cleaned = "".join(kept).strip()
    return cleaned if any(unicodedata.category(char)[0] in VISIBLE for char in cleaned) else ""


def set_nickname(wechat_user: WeChatUser, nickname: str) -> None:
    """``nickname`` as ``clean_nickname`` left it, 1 to 64 characters.

    Raises ``TokenInvalid`` if the person was deleted meanwhile.
    """
    if not wechat_user.change(nickname=nickname):
        raise TokenInvalid
