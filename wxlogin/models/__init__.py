"""What is kept, and all the SQL that reads or changes it."""

from .carried_blocks import CarriedBlock
from .failures import LoginFailure
from .moves import IdentityMove
from .people import WeChatUser
from .pushes import ReceivedPush
from .session_keys import SessionKey
from .sessions import LoginSession
from .unionids import UnionidOwner

__all__ = [
    "CarriedBlock",
    "IdentityMove",
    "LoginFailure",
    "LoginSession",
    "ReceivedPush",
    "SessionKey",
    "UnionidOwner",
    "WeChatUser",
]
