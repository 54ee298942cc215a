"""The errors of calls to WeChat.

::

    WeChatError
    ├── InvalidCode            40029, 41008: the code is unknown, expired or another app's
    │   └── CodeUsed           40163: the code has been exchanged before
    ├── InvalidPhoneCode       the same for a phone code, or another person's phone code
    ├── StaleSessionKey        87007, 87009: not the current session_key
    ├── RiskyUser              40226: WeChat's risk control stops this person
    ├── RateLimited            45009, 45011: too many calls
    ├── Misconfigured          40013, 40125, 40164, ...: an operator's mistake
    │   └── AccessTokenRefused 40001, 40014, 42001
    ├── BadResponse            HTML, wrong types, too large, an undocumented errcode
    ├── WeChatTimeout          no answer within the deadline
    └── WeChatUnavailable      connection reset, TLS error, ...
        ├── NotSent            no connection, IP address or thread: WeChat never received the call
        ├── SystemBusy         -1
        ├── TooManyInFlight    our own limit of concurrent calls is reached
        └── BreakerOpen        WeChat has not answered for some time, so it isn't asked

``code`` is a stable word for the meaning. Programs, the log and the failure rows use it. The text of an error
holds the path, ``errcode`` and ``rid`` and nothing else: ``errmsg`` can quote our server's IP address, and the
errors of ``requests`` quote the URL with the secret in it.
"""

import re

RID = re.compile(r"rid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})")


class WeChatError(Exception):
    """A call to ``path`` failed. ``errcode`` is None if WeChat sent none.

    ``errmsg`` is WeChat's own text. It may quote IP addresses, so don't log it. ``rid`` is WeChat's id of the call.
    """

    code = "wechat_bad_response"

    def __init__(self, path: str, problem: str = "", *, errcode: int | None = None, errmsg: str = "") -> None:
        self.path = path
        self.errcode = errcode
        self.errmsg = errmsg
        self.rid = match[1] if (match := RID.search(errmsg)) else ""
        facts = [
            problem,
            f"errcode {errcode}" if errcode is not None else "",
            f"rid {self.rid}" if self.rid else "",
        ]
        super().__init__(f"{path}: {', '.join(filter(None, facts)) or type(self).__name__}")


class InvalidCode(WeChatError):
    code = "code_invalid"


class CodeUsed(InvalidCode):
    pass


class InvalidPhoneCode(WeChatError):
    code = "phone_code_invalid"


class StaleSessionKey(WeChatError):
    code = "session_key_missing"


class RiskyUser(WeChatError):
    code = "user_blocked"


class RateLimited(WeChatError):
    code = "wechat_too_frequent"


class Misconfigured(WeChatError):
    code = "wechat_misconfigured"


class AccessTokenRefused(Misconfigured):
    """WeChat refused the access_token.

    On a call that sends the AppSecret instead, 40001 means that the AppSecret is wrong.
    """


class BadResponse(WeChatError):
    code = "wechat_bad_response"


class WeChatTimeout(WeChatError):
    code = "wechat_timeout"


class WeChatUnavailable(WeChatError):
    code = "wechat_unavailable"


class NotSent(WeChatUnavailable):
    pass


class TooManyInFlight(WeChatUnavailable):
    pass


class BreakerOpen(WeChatUnavailable):
    """The breaker of ``path`` is open. ``retry_after`` is in seconds."""

    def __init__(self, path: str, problem: str = "", *, retry_after: int = 1) -> None:
        super().__init__(path, problem)
        self.retry_after = retry_after


class SystemBusy(WeChatUnavailable):
    pass


ERRCODES: dict[int, type[WeChatError]] = {
    -1: SystemBusy,
    45009: RateLimited,  # quota of the day
    45011: RateLimited,  # quota of the minute
    40001: AccessTokenRefused,
    40014: AccessTokenRefused,
    42001: AccessTokenRefused,
    40002: Misconfigured,  # invalid grant_type
    40003: Misconfigured,  # openid of another app
    40013: Misconfigured,  # invalid appid
    40097: Misconfigured,  # invalid args
    40101: Misconfigured,  # missing parameter
    40125: Misconfigured,  # invalid appsecret
    40164: Misconfigured,  # our IP address is not in the app's whitelist
    40243: Misconfigured,  # AppSecret frozen
    41002: Misconfigured,  # appid missing
    41004: Misconfigured,  # appsecret missing
    48001: Misconfigured,  # the app lacks the permission
    50002: Misconfigured,  # app frozen or banned
    50004: Misconfigured,  # API forbidden for this app
    50007: Misconfigured,  # account frozen
    61004: Misconfigured,  # means the same as 40164
    # The app's administrator has to allow calls from our server's IP address.
    89501: Misconfigured,  # the administrator has been asked
    89503: Misconfigured,  # the administrator has to be asked
    89506: Misconfigured,  # the administrator refused, for a day
    89507: Misconfigured,  # the administrator refused, for an hour
}

# Errcodes whose meaning depends on the call.
ERRCODES_BY_PATH: dict[str, dict[int, type[WeChatError]]] = {
    "/sns/jscode2session": {
        40029: InvalidCode,
        41008: InvalidCode,  # missing code, also the answer to a blank one
        40163: CodeUsed,
        40226: RiskyUser,
    },
    "/wxa/business/getuserphonenumber": {
        # An openid that doesn't fit the code. WeChat documents no errcode for another person's code.
        40003: InvalidPhoneCode,
        40029: InvalidPhoneCode,
        40163: InvalidPhoneCode,
        41008: InvalidPhoneCode,
    },
    "/wxa/checksession": {87007: StaleSessionKey, 87009: StaleSessionKey},
    "/wxa/resetusersessionkey": {87007: StaleSessionKey, 87009: StaleSessionKey},
}


def error_for(path: str, errcode: int, errmsg: str) -> WeChatError:
    """Return the error for WeChat's ``errcode``, ``BadResponse`` if the errcode isn't documented."""
    kind = ERRCODES_BY_PATH.get(path, {}).get(errcode) or ERRCODES.get(errcode, BadResponse)
    return kind(path, errcode=errcode, errmsg=errmsg)
