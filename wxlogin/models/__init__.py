"""What is kept, and all the SQL that reads or changes it."""

from .failures import LoginFailure
from .moves import IdentityMove
from .people import WeChatUser
from .session_keys import SessionKey
from .sessions import LoginSession
from .unionids import UnionidOwner

__all__ = ["IdentityMove", "LoginFailure", "LoginSession", "SessionKey", "UnionidOwner", "WeChatUser"]
