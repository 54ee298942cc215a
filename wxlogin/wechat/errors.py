"""What can go wrong between us and WeChat.

::

    WeChatError
    ├── InvalidCode            40029, 41008: unknown, expired, or another app's code
    │   └── CodeUsed           40163: somebody exchanged it before
    ├── InvalidPhoneCode       the same of a phone code, and one that is another person's
    ├── StaleSessionKey        87007, 87009: not the session_key that is live
    ├── RiskyUser              40226: WeChat's risk control stops this person
    ├── RateLimited            45009, 45011: too many calls
    ├── Misconfigured          40013, 40125, 40164, ...: an operator's mistake
    │   └── AccessTokenRefused 40001, 40014, 42001
    ├── BadResponse            HTML, wrong types, too large, an errcode nobody knows
    ├── WeChatTimeout          no answer within the deadline
    └── WeChatUnavailable      reset, bad TLS, ...
        ├── NotSent            refused, no address: WeChat never saw the call
        ├── SystemBusy         -1
        └── TooManyInFlight    as many calls as we allow are waiting already

``code`` is the stable word for a meaning; programs, logs and failure rows use it. The text of an error
holds the path, ``errcode`` and ``rid`` and nothing else: ``errmsg`` can quote our own address, and what
``requests`` says quotes the URL with the secret in it.
"""

import re

RID = re.compile(r"rid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})")


class WeChatError(Exception):
    """A call that gave nothing usable. ``errcode`` is None where WeChat sent none."""

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
    """On a call that carries the secret itself, 40001 says that the secret is wrong."""


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


class SystemBusy(WeChatUnavailable):
    pass


ERRCODES: dict[int, type[WeChatError]] = {
    -1: SystemBusy,
    45009: RateLimited,  # in this day
    45011: RateLimited,  # in this minute
    40001: AccessTokenRefused,
    40014: AccessTokenRefused,
    42001: AccessTokenRefused,
    40002: Misconfigured,  # invalid grant_type
    40003: Misconfigured,  # openid of another app
    40013: Misconfigured,  # invalid appid
    40097: Misconfigured,  # invalid args
    40101: Misconfigured,  # missing parameter
    40125: Misconfigured,  # invalid appsecret
    40164: Misconfigured,  # our address is not in the app's IP whitelist
    40243: Misconfigured,  # AppSecret frozen
    41002: Misconfigured,  # appid missing
    41004: Misconfigured,  # appsecret missing
    48001: Misconfigured,  # the app lacks the permission
    50002: Misconfigured,  # app frozen or banned
    50004: Misconfigured,  # API forbidden for this app
    50007: Misconfigured,  # account frozen
    61004: Misconfigured,  # the other name of 40164
    89501: Misconfigured,  # our address waits for the administrator's consent,
    89503: Misconfigured,  # needs it,
    89506: Misconfigured,  # was refused it for a day,
    89507: Misconfigured,  # or for an hour
}

# What a code is, and whose key, depends on what was asked.
OF_PATH: dict[str, dict[int, type[WeChatError]]] = {
    "/sns/jscode2session": {
        40029: InvalidCode,
        41008: InvalidCode,  # missing code: what WeChat makes of a blank one
        40163: CodeUsed,
        40226: RiskyUser,
    },
    "/wxa/business/getuserphonenumber": {
        40003: InvalidPhoneCode,  # no page names the errcode of another person's code
        40029: InvalidPhoneCode,
        40163: InvalidPhoneCode,
        41008: InvalidPhoneCode,
    },
    "/wxa/checksession": {87007: StaleSessionKey, 87009: StaleSessionKey},
    "/wxa/resetusersessionkey": {87007: StaleSessionKey, 87009: StaleSessionKey},
}


def error_for(path: str, errcode: int, errmsg: str) -> WeChatError:
    """The error that ``errcode`` means; one that no page names is a bad response."""
    kind = OF_PATH.get(path, {}).get(errcode) or ERRCODES.get(errcode, BadResponse)
    return kind(path, errcode=errcode, errmsg=errmsg)
