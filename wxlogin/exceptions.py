"""Refusals that are ours. What WeChat refuses is in ``wechat/errors.py``.

``code`` is the stable word that the API answers with and that logs and failure rows keep.
"""


class WxLoginError(Exception):
    code = ""


class UnknownApp(WxLoginError):
    """An appid that ``WXLOGIN["APPS"]`` does not list."""

    code = "unknown_app"


class CannotMerge(WxLoginError):
    """Two accounts that can't become one; ``code`` says why: ``same_user`` or ``staff_account``."""

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
    """The person may not log in. ``reason`` is set only where staff meant it to be shown."""

    code = "account_disabled"

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
