"""Refusals that are ours. What WeChat refuses is in ``wechat/errors.py``.

``code`` is the stable word that the API answers with and that logs and failure rows keep.
"""

from typing import Any


class WxLoginError(Exception):
    code = ""


class UnknownApp(WxLoginError):
    """An appid that ``WXLOGIN["APPS"]`` does not list."""

    code = "unknown_app"


class CannotMerge(WxLoginError):
    """Two accounts that can't become one; ``code`` says why.

    ``same_user``, ``staff_account``, ``gone``, or ``moved_meanwhile``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TokenInvalid(WxLoginError):
    """Missing, malformed, expired, of the wrong kind, or of nobody we know."""

    code = "token_invalid"


class SessionEnded(WxLoginError):
    """A genuine token of a login session that is over."""

    code = "session_ended"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AccountDisabled(WxLoginError):
    """The person may not log in. ``reason`` is set only where staff meant it to be shown.

    ``wechat_user``: who it is, where there is a row of them.
    """

    code = "account_disabled"

    def __init__(self, reason: str = "", wechat_user: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wechat_user = wechat_user


class OpenDataInvalid(WxLoginError):
    """Open data that doesn't open, or isn't this person's, this app's or of today. It never says which."""

    code = "open_data_invalid"


class SessionKeyMissing(WxLoginError):
    """We hold no session_key of the person that could be used."""

    code = "session_key_missing"


class UnusablePicture(WxLoginError):
    """Not a picture that we take; ``code`` is the API's word for a malformed request."""

    code = "invalid_request"


class StorageUnavailable(WxLoginError):
    """The place where files are kept didn't do its part."""

    code = "storage_unavailable"


class PushRefused(WxLoginError):
    """A message that WeChat didn't send, as far as we can tell. ``problem`` is for the log, not for the sender."""

    code = "signature_invalid"

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
