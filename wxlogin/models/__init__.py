"""What is kept, and all the SQL that reads or changes it."""

from .failures import LoginFailure
from .people import WeChatUser
from .session_keys import SessionKey
from .sessions import LoginSession

__all__ = ["LoginFailure", "LoginSession", "SessionKey", "WeChatUser"]
