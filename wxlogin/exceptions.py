"""The refusals that wxlogin itself decides on. Refusals by WeChat are in ``wechat/errors.py``.

``code`` is a stable word for programs. The API's answers, the log and the failure rows use it.
"""

from typing import Any


class WxLoginError(Exception):
    """The base of all refusals in this module."""

    code = ""


class UnknownApp(WxLoginError):
    """``WXLOGIN["APPS"]`` doesn't list the appid."""

    code = "unknown_app"


class CannotMerge(WxLoginError):
    """Two accounts can't be merged. ``code`` is the reason.

    ``same_user``: both are one account. ``staff_account``: one of them belongs to staff. ``gone``: one of them was
    deleted. ``moved_meanwhile``: the identity was moved to another user at the same time.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TokenInvalid(WxLoginError):
    """The token is missing, malformed, expired, of the wrong type, or belongs to no known user."""

    code = "token_invalid"


class SessionEnded(WxLoginError):
    """The token is genuine, but its login session has ended. ``reason`` is a ``LoginSession.EndReason``."""

    code = "session_ended"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AccountDisabled(WxLoginError):
    """The person may not log in.

    ``reason`` is set only if staff chose to show it to the person. ``wechat_user`` is the person's row, or None
    if there is none.
    """

    code = "account_disabled"

    def __init__(self, reason: str = "", wechat_user: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wechat_user = wechat_user


class UserFactoryFailed(WxLoginError):
    """``USER_FACTORY`` raised an error, or returned something that can't be the user of a new identity.

    ``problem`` names the columns and constraints for the log, without values. ``collision`` is the same number each
    time that the same value collides with another row, and None if no other row takes part.
    """

    code = "internal_error"

    def __init__(self, problem: str, collision: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.collision = collision


class OpenDataInvalid(WxLoginError):
    """The open data can't be decrypted, or it belongs to another person or app, or it is too old.

    The error never tells which of these it is, so that nobody can learn from it by trying.
    """

    code = "open_data_invalid"


class SessionKeyMissing(WxLoginError):
    """No usable session_key of the person is stored."""

    code = "session_key_missing"


class UnusablePicture(WxLoginError):
    """The upload is no picture of an accepted kind and size. The API answers as to any malformed request."""

    code = "invalid_request"


class UnusableNickname(WxLoginError):
    """The database's character set lacks characters of the nickname. The API answers as to any malformed request."""

    code = "invalid_request"


class TooManyPictures(WxLoginError):
    """This process decodes as many pictures as it may. The client should send the picture again a little later."""

    code = "throttled"
    retry_after = 2


class StorageUnavailable(WxLoginError):
    """A file can't be stored or deleted now: the project's file storage failed."""

    code = "storage_unavailable"


class PushRefused(WxLoginError):
    """A pushed message doesn't prove that WeChat sent it.

    ``problem`` says what is wrong, for the log. The sender doesn't learn it.
    """

    code = "signature_invalid"

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
