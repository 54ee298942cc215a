"""One mini-program's view of the platform."""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from . import access_tokens
from .access_tokens import AccessTokens
from .crypto import session_signature
from .errors import AccessTokenRefused, BadResponse, NotSent, StaleSessionKey, SystemBusy, error_for
from .results import AccessToken, Code2Session, PhoneNumber
from .transport import Transport

RETRY_PAUSE = 0.2
MAX_ID = 64  # ids seen so far have 28 or 29 characters; the platform promises no length
MAX_KEY = 512  # 24 so far
MAX_ACCESS_TOKEN = 2048  # "reserve 512"
MAX_ERRCODE = 2**31 - 1  # what an integer column holds
DAY = 86400

Fields = Mapping[str, Any]


class WeChatClient:
    """Calls in the name of one app. Cheap to make; ``transport`` is what holds connections.

    Each call is over by the transport's deadline, or by ``until`` (``time.monotonic``) where one is given,
    the access_token and a second attempt included. There is at most one of those: when WeChat never saw the
    first, when it said -1, and when it refused the access_token.
    """

    def __init__(self, appid: str, secret: str, transport: Transport, access_tokens: AccessTokens) -> None:
        self.appid = appid
        self._secret = secret
        self._transport = transport
        self._access_tokens = access_tokens

    def __repr__(self) -> str:
        return f"<WeChatClient {self.appid}>"

    def code2session(self, js_code: str) -> Code2Session:
        """Exchange the code of ``wx.login``: one call, no access_token. Raises ``WeChatError``.

        A code works once. It is sent a second time only if WeChat never saw the first or said -1.
        (developers.weixin.qq.com: api_code2session)
        """
        path = "/sns/jscode2session"
        params = {
            "appid": self.appid,
            "secret": self._secret,
            "js_code": js_code,
            "grant_type": "authorization_code",
        }
        answer = self._ask_twice(path, params)
        return Code2Session(
            openid=_word(path, answer, "openid", MAX_ID),
            session_key=_word(path, answer, "session_key", MAX_KEY),
            unionid="" if answer.get("unionid") in (None, "") else _word(path, answer, "unionid", MAX_ID),
        )

    def stable_token(self, *, until: float | None = None) -> AccessToken:
        """The app's access_token as WeChat has it; the same one until its last minutes. Raises ``WeChatError``.

        (developers.weixin.qq.com: api_getstableaccesstoken)
        """
        path = access_tokens.PATH
        body = {"grant_type": "client_credential", "appid": self.appid, "secret": self._secret}
        answer = self._ask_twice(path, {}, body, until=until)
        expires_in = answer.get("expires_in")
        if isinstance(expires_in, bool) or not isinstance(expires_in, int) or not 0 < expires_in <= DAY:
            raise BadResponse(path, "no usable expires_in")
        return AccessToken(_word(path, answer, "access_token", MAX_ACCESS_TOKEN), expires_in)

    def has_live_session_key(self, openid: str, session_key: str) -> bool:
        """Whether ``session_key`` is the one that WeChat uses with this person today. Raises ``WeChatError``.

        (developers.weixin.qq.com: api_checksessionkey)
        """
        try:
            self._ask_with_access_token("/wxa/checksession", _signed(openid, session_key))
        except StaleSessionKey:
            return False
        return True

    def reset_session_key(self, openid: str, session_key: str) -> str:
        """A new session_key for the live one, which dies. Raises ``WeChatError``, ``StaleSessionKey`` of them.

        (developers.weixin.qq.com: api_resetusersessionkey)
        """
        path = "/wxa/resetusersessionkey"
        answer = self._ask_with_access_token(path, _signed(openid, session_key))
        if answer.get("openid", openid) != openid:
            raise BadResponse(path, "another person's session_key")
        return _word(path, answer, "session_key", MAX_KEY)

    def phone_number(self, code: str, openid: str, *, until: float | None = None) -> PhoneNumber:
        """The number behind the code of a ``getPhoneNumber`` button that ``openid`` tapped.

        WeChat compares the two, so that nobody binds a stranger's number. Raises ``WeChatError``.
        (developers.weixin.qq.com: api_getphonenumber)
        """
        path = "/wxa/business/getuserphonenumber"
        answer = self._ask_with_access_token(path, {}, {"code": code, "openid": openid}, until=until)
        info = answer.get("phone_info")
        phone = phone_number_in(info) if isinstance(info, dict) else None
        if not isinstance(info, dict) or phone is None:
            raise BadResponse(path, "no usable phone_info")
        watermark = info.get("watermark")
        if not isinstance(watermark, dict) or watermark.get("appid") != self.appid:
            raise BadResponse(path, "another app's phone_info")
        return phone

    def _ask_twice(
        self, path: str, params: Fields, body: Fields | None = None, *, until: float | None = None
    ) -> dict[str, Any]:
        until = until or self._transport.deadline()
        try:
            return self._ask(path, params, body, until)
        except (NotSent, SystemBusy):
            if not _pause(until):
                raise
        return self._ask(path, params, body, until)

    def _ask_with_access_token(
        self, path: str, params: Fields, body: Fields | None = None, *, until: float | None = None
    ) -> dict[str, Any]:
        until = until or self._transport.deadline()
        access_token = self._access_token(until)
        try:
            return self._ask(path, {"access_token": access_token, **params}, body, until)
        except AccessTokenRefused:
            self._access_tokens.drop(access_token)
        except (NotSent, SystemBusy):
            if not _pause(until):
                raise
        access_token = self._access_token(until)
        return self._ask(path, {"access_token": access_token, **params}, body, until)

    def _access_token(self, until: float) -> str:
        return self._access_tokens.get(lambda until: self.stable_token(until=until), until=until)

    def _ask(self, path: str, params: Fields, body: Fields | None, until: float) -> dict[str, Any]:
        answer = _decode(path, self._transport.ask(path, params, body=body, until=until))
        if errcode := _errcode(path, answer):
            errmsg = answer.get("errmsg")
            raise error_for(path, errcode, errmsg[:500] if isinstance(errmsg, str) else "")
        return answer


def phone_number_in(data: Mapping[str, Any]) -> PhoneNumber | None:
    """What WeChat says of a phone number, by code or as open data; None unless all of it makes sense.

    All three members have to be there and to agree: nobody signed open data, so a fragment of something
    else must not pass for a number.
    """
    number, whole, country = (
        _text(data.get(key)) for key in ("purePhoneNumber", "phoneNumber", "countryCode")
    )
    is_number = re.fullmatch("[0-9]{4,20}", number) and whole.endswith(number)
    if not is_number or not re.fullmatch(r"\+?[1-9][0-9]{0,4}", country):
        return None
    return PhoneNumber(number, country.removeprefix("+"))


def _text(value: Any) -> str:
    """Of the country code the page's table says string, and its sample shows a number."""
    return str(value) if isinstance(value, str | int) else ""


def _signed(openid: str, session_key: str) -> dict[str, str]:
    return {"openid": openid, "signature": session_signature(session_key), "sig_method": "hmac_sha256"}


def _pause(until: float) -> bool:
    """Before a second attempt; False if there is no time for one."""
    if time.monotonic() + RETRY_PAUSE >= until:
        return False
    time.sleep(RETRY_PAUSE)
    return True


def _decode(path: str, body: bytes) -> dict[str, Any]:
    """The platform says text/plain, means UTF-8 JSON, and has sent raw control characters in strings."""
    answer: Any = None
    with suppress(ValueError, RecursionError):  # they quote the body, and that can hold a session_key
        answer = json.loads(body.decode("utf-8", "replace"), strict=False)
    if not isinstance(answer, dict):
        raise BadResponse(path, "not a JSON object")
    return answer


def _errcode(path: str, answer: Mapping[str, Any]) -> int:
    """0 where there is none; some pages show it as a string."""
    raw = answer.get("errcode")
    if raw is None:
        return 0
    if isinstance(raw, str) and raw.removeprefix("-").isdecimal() and len(raw) < 12:
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) > MAX_ERRCODE:
        raise BadResponse(path, "errcode is no number")
    return raw


def _word(path: str, answer: Mapping[str, Any], key: str, longest: int) -> str:
    """Visible ASCII: what every database stores and every cipher takes."""
    value = answer.get(key)
    if not isinstance(value, str) or not re.fullmatch(f"[!-~]{{1,{longest}}}", value):
        raise BadResponse(path, f"no usable {key}")
    return value
