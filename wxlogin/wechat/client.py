"""One mini-program's view of the platform."""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from .errors import BadResponse, NotSent, SystemBusy, error_for
from .results import Code2Session
from .transport import Transport

RETRY_PAUSE = 0.2
MAX_ID = 64  # ids seen so far have 28 or 29 characters; the platform promises no length
MAX_KEY = 512  # 24 so far
MAX_ERRCODE = 2**31 - 1  # what an integer column holds


class WeChatClient:
    """Calls in the name of one app. Cheap to make; ``transport`` is what holds connections."""

    def __init__(self, appid: str, secret: str, transport: Transport) -> None:
        self.appid = appid
        self._secret = secret
        self._transport = transport

    def __repr__(self) -> str:
        return f"<WeChatClient {self.appid}>"

    def code2session(self, js_code: str) -> Code2Session:
        """Exchange the code of ``wx.login``: one call, no access_token. Raises ``WeChatError``.

        A code works once. It is sent a second time only if WeChat never saw the first or said -1, and only
        within the deadline. (developers.weixin.qq.com: api_code2session)
        """
        path = "/sns/jscode2session"
        params = {
            "appid": self.appid,
            "secret": self._secret,
            "js_code": js_code,
            "grant_type": "authorization_code",
        }
        answer = self._get_twice(path, params)
        return Code2Session(
            openid=_word(path, answer, "openid", MAX_ID),
            session_key=_word(path, answer, "session_key", MAX_KEY),
            unionid="" if answer.get("unionid") in (None, "") else _word(path, answer, "unionid", MAX_ID),
        )

    def _get_twice(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        until = self._transport.deadline()
        try:
            return self._get(path, params, until)
        except (NotSent, SystemBusy):
            if time.monotonic() + RETRY_PAUSE >= until:
                raise
        time.sleep(RETRY_PAUSE)
        return self._get(path, params, until)

    def _get(self, path: str, params: Mapping[str, str], until: float) -> dict[str, Any]:
        answer = _decode(path, self._transport.get(path, params, until=until))
        if errcode := _errcode(path, answer):
            errmsg = answer.get("errmsg")
            raise error_for(path, errcode, errmsg[:500] if isinstance(errmsg, str) else "")
        return answer


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
