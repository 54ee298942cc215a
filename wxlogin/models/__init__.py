"""Everything that wxlogin stores, and all the SQL that reads or changes it."""

from .carried_blocks import CarriedBlock
from .failures import LoginFailure
from .figures import HourlyFigure
from .overview import Overview
from .people import WeChatUser
from .pushes import ReceivedPush
from .session_keys import SessionKey
from .sessions import LoginSession
from .staff_acts import StaffAct
from .unionids import UnionidOwner

__all__ = [
    "CarriedBlock",
    "HourlyFigure",
    "LoginFailure",
    "LoginSession",
    "Overview",
    "ReceivedPush",
    "SessionKey",
    "StaffAct",
    "UnionidOwner",
    "WeChatUser",
]
