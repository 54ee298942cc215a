"""The calls that one app makes to WeChat."""

import json
import math
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from wxlogin.secret import PrivateDict, PrivateStr, Secret

from . import access_tokens
from .access_tokens import AccessTokens
from .crypto import session_signature
from .errors import AccessTokenRefused, BadResponse, NotSent, StaleSessionKey, SystemBusy, error_for
from .results import AccessToken, Code2Session, PhoneNumber
from .transport import Transport

# Seconds.
RETRY_PAUSE = 0.2
# WeChat promises no length. All openids and unionids seen so far have 28 or 29 characters.
MAX_ID = 64
# All session_keys seen so far have 24 characters.
MAX_SESSION_KEY = 512
# WeChat's page says to reserve 512 characters.
MAX_ACCESS_TOKEN = 2048
# The largest number that an integer column holds.
MAX_ERRCODE = 2**31 - 1
DAY = 86400

Fields = Mapping[str, Any]


class WeChatClient:
    """A client that calls WeChat as one app. It is cheap to make: ``transport`` holds the connections.

    Each call ends at the transport's deadline at the latest, or at ``until`` if that is given, and never after
    ``latest``, when nobody waits for the answer any more (all by ``time.monotonic``). This includes the time to
    get an access_token and to retry. A call is retried at most once: if WeChat never received the first attempt,
    answered -1, or refused the access_token.
    """

    def __init__(
        self,
        appid: str,
        secret: Secret[str],
        transport: Transport,
        access_tokens: AccessTokens,
        *,
        latest: float = math.inf,
    ) -> None:
        self.appid = appid
        self._secret = secret
        self._transport = transport
        self._access_tokens = access_tokens
        self._latest = latest

    @property
    def seconds_ahead(self) -> float | None:
        """The seconds that WeChat's clock was ahead of this machine's at the latest answer. None if no answer told."""
        return self._transport.seconds_ahead

    def code2session(self, js_code: Secret[str]) -> Code2Session:
        """Exchange the code of ``wx.login`` for the identity. Raises ``WeChatError``.

        The call needs no access_token. A code works once, so it is sent again only if WeChat never received it or
        answered -1.
        (developers.weixin.qq.com: api_code2session)
        """
        path = "/sns/jscode2session"
        params = {
            "appid": self.appid,
            "secret": self._secret,
            "js_code": js_code,
            "grant_type": "authorization_code",
        }
        answer = self._ask_with_retry(path, params)
        return Code2Session(
            openid=_id(path, answer, "openid"),
            session_key=_ascii_text(path, answer, "session_key", MAX_SESSION_KEY),
            unionid="" if answer.get("unionid") in (None, "") else _id(path, answer, "unionid"),
        )

    def stable_token(self, *, until: float | None = None) -> AccessToken:
        """Ask WeChat for the app's access_token. Raises ``WeChatError``.

        WeChat returns the same token until that one has five minutes left.
        (developers.weixin.qq.com: api_getstableaccesstoken)
        """
        path = access_tokens.PATH
        body = {"grant_type": "client_credential", "appid": self.appid, "secret": self._secret}
        answer = self._ask_with_retry(path, {}, body, until=until)
        expires_in = answer.get("expires_in")
        if isinstance(expires_in, bool) or not isinstance(expires_in, int) or not 0 < expires_in <= DAY:
            raise BadResponse(path, "no usable expires_in")
        return AccessToken(_ascii_text(path, answer, "access_token", MAX_ACCESS_TOKEN), expires_in)

    def has_live_session_key(self, openid: str, session_key: Secret[str]) -> bool:
        """True if WeChat says that ``session_key`` is the person's current one. Raises ``WeChatError``.

        (developers.weixin.qq.com: api_checksessionkey)
        """
        try:
            self._ask_with_access_token("/wxa/checksession", _signature_params(openid, session_key))
        except StaleSessionKey:
            return False
        return True

    def reset_session_key(self, openid: str, session_key: Secret[str]) -> Secret[str]:
        """Have WeChat replace the person's session_key, and return the new one.

        Raises ``StaleSessionKey`` if ``session_key`` isn't the current one, or another ``WeChatError``.
        (developers.weixin.qq.com: api_resetusersessionkey)
        """
        path = "/wxa/resetusersessionkey"
        answer = self._ask_with_access_token(path, _signature_params(openid, session_key))
        if answer.get("openid", openid) != openid:
            raise BadResponse(path, "another person's session_key")
        return _ascii_text(path, answer, "session_key", MAX_SESSION_KEY)

    def phone_number(self, code: Secret[str], openid: str, *, until: float | None = None) -> PhoneNumber:
        """Exchange the code of a ``getPhoneNumber`` button for the phone number. Raises ``WeChatError``.

        WeChat refuses the code if another person than ``openid`` tapped the button, so nobody can bind another
        person's number.
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

    def _ask_with_retry(
        self, path: str, params: Fields, body: Fields | None = None, *, until: float | None = None
    ) -> PrivateDict:
        until = min(until or self._transport.deadline(), self._latest)
        with self._transport.guard(path):
            try:
                return self._ask(path, params, body, until)
            except (NotSent, SystemBusy):
                if not _wait_before_retry(until):
                    raise
            return self._ask(path, params, body, until)

    def _ask_with_access_token(
        self, path: str, params: Fields, body: Fields | None = None, *, until: float | None = None
    ) -> PrivateDict:
        until = min(until or self._transport.deadline(), self._latest)
        with self._transport.guard(path):
            access_token = self._access_token(until)
            try:
                return self._ask(path, {"access_token": access_token, **params}, body, until)
            except AccessTokenRefused:
                self._access_tokens.drop(access_token)
            except (NotSent, SystemBusy):
                if not _wait_before_retry(until):
                    raise
            access_token = self._access_token(until)
            return self._ask(path, {"access_token": access_token, **params}, body, until)

    def _access_token(self, until: float) -> Secret[str]:
        return self._access_tokens.get(lambda until: self.stable_token(until=until), until=until)

    def _ask(self, path: str, params: Fields, body: Fields | None, until: float) -> PrivateDict:
        answer = _decode(path, self._transport.ask(path, params, body=body, until=until))
        if errcode := _errcode(path, answer):
            raise error_for(path, errcode, PrivateStr(_text_in(answer, "errmsg")[:500]))
        return answer


def phone_number_in(data: Mapping[str, Any]) -> PhoneNumber | None:
    """Read the phone number in ``phone_info`` or in decrypted open data. Return None if any part is unusable.

    All three members have to be there and to agree. Open data carries no signature, so some other object must
    not pass for a phone number.
    """
    number, whole, country = (
        _text_in(data, key) for key in ("purePhoneNumber", "phoneNumber", "countryCode")
    )
    is_number = re.fullmatch("[0-9]{4,20}", number) and whole.endswith(number)
    if not is_number or not re.fullmatch(r"\+?[1-9][0-9]{0,4}", country):
        return None
    return PhoneNumber(number, country.removeprefix("+"))


def _text_in(data: Fields, key: str) -> PrivateStr:
    """Return a member as text, ``""`` if it is neither a string nor a number.

    WeChat's page declares the country code as a string, but its sample shows a number.
    """
    return PrivateStr(data[key] if isinstance(data.get(key), str | int) else "")


def _signature_params(openid: str, session_key: Secret[str]) -> Fields:
    return {"openid": openid, "signature": session_signature(session_key), "sig_method": "hmac_sha256"}


def _wait_before_retry(until: float) -> bool:
    """Sleep before a second attempt. Return False at once if there is no time left for one."""
    if time.monotonic() + RETRY_PAUSE >= until:
        return False
    time.sleep(RETRY_PAUSE)
    return True


def _decode(path: str, body: Secret[bytes]) -> PrivateDict:
    """Parse an answer of WeChat. Raises ``BadResponse``.

    WeChat declares text/plain but sends JSON in UTF-8, and has sent raw control characters inside strings.
    """
    answer: Any = None
    # These errors quote the body, which can hold a session_key, so they must not become part of a traceback.
    with suppress(ValueError, RecursionError):
        answer = json.loads(body.reveal().decode("utf-8", "replace"), strict=False, object_hook=PrivateDict)
    if not isinstance(answer, PrivateDict):
        raise BadResponse(path, "not a JSON object")
    return answer


def _errcode(path: str, answer: Mapping[str, Any]) -> int:
    """Return the errcode, 0 if there is none. Some of WeChat's pages show it as a string. Raises ``BadResponse``."""
    raw = answer.get("errcode")
    if raw is None:
        return 0
    if isinstance(raw, str) and raw.removeprefix("-").isdecimal() and len(raw) < 12:
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) > MAX_ERRCODE:
        raise BadResponse(path, "errcode is no number")
    return raw


def _id(path: str, answer: Fields, key: str) -> PrivateStr:
    """Return an openid or unionid. Raises ``BadResponse``."""
    return PrivateStr(_ascii_text(path, answer, key, MAX_ID).reveal())


def _ascii_text(path: str, answer: Fields, key: str, longest: int) -> Secret[str]:
    """Return a string of 1 to ``longest`` visible ASCII characters. Raises ``BadResponse`` for any other value.

    Every database can store such a string, and every cipher accepts it.
    """
    if not isinstance(answer.get(key), str) or not re.fullmatch(f"[!-~]{{1,{longest}}}", answer[key]):
        raise BadResponse(path, f"no usable {key}")
    return Secret(answer[key])
