"""The platform's endpoints and their answers. A new endpoint is one function and one row in ``ROUTES``."""

import http.client
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from wxlogin.fakewechat.apps import KnownApp
from wxlogin.fakewechat.faults import NO_FAULT, Fault
from wxlogin.fakewechat.messages import Refusal, Reply, Request
from wxlogin.fakewechat.people import phone_info
from wxlogin.fakewechat.state import WeChat

ERRMSG = {
    -1: "system error",
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40066: "invalid url",
    40097: "invalid args",
    40101: "missing parameter",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
    40226: "code blocked",
    40243: "AppSecret frozen",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit",
    47001: "data format error",
    48001: "api unauthorized",
    50002: "user limited",
    50004: "api forbidden for this account",
    50007: "account frozen",
    61004: "client ip is not in whitelist",
    87007: "session_key not exist or expired",
    87008: "invalid sig_method",
    87009: "invalid signature",
    89501: "this ip is waiting for confirmation by the administrator",
    89503: "this ip needs confirmation by the administrator",
    89506: "this ip was refused by the administrator within 24 hours",
    89507: "this ip was refused by the administrator within 1 hour",
}

OK = {"errcode": 0, "errmsg": "ok"}

Endpoint = Callable[[WeChat, Request], Mapping[str, Any]]


def code2session(wechat: WeChat, request: Request) -> Mapping[str, Any]:
    appid = _check_app(wechat, request.query)
    if not request.query.get("js_code"):
        raise Refusal(41008)
    if request.query.get("grant_type") != "authorization_code":
        raise Refusal(40002)
    person, session_key = wechat.exchange(request.query["js_code"], appid)
    session = {"session_key": session_key, "openid": person.openid}
    # If the app is outside an open-platform account, the answer has no unionid at all, not an empty one.
    return session | {"unionid": person.unionid} if person.unionid else session


def stable_token(wechat: WeChat, request: Request) -> Mapping[str, Any]:
    fields = _read_fields(request)
    appid = _check_app(wechat, fields)
    if fields.get("grant_type") != "client_credential":
        raise Refusal(40002)
    access_token, expires_in = wechat.access_token_for(appid, fields.get("force_refresh") is True)
    return {"access_token": access_token, "expires_in": expires_in}


def check_session_key(wechat: WeChat, request: Request) -> Mapping[str, Any]:
    wechat.check_session_key(*_read_signed_query(wechat, request))
    return OK


def reset_user_session_key(wechat: WeChat, request: Request) -> Mapping[str, Any]:
    openid, appid, signature = _read_signed_query(wechat, request)
    session_key = wechat.reset_session_key(openid, appid, signature)
    return {**OK, "openid": openid, "session_key": session_key}


def get_phone_number(wechat: WeChat, request: Request) -> Mapping[str, Any]:
    appid = _check_access_token(wechat, request)
    fields = _read_fields(request)
    openid = _text(fields, "openid") if "openid" in fields else None
    phone = wechat.redeem_phone_code(_text(fields, "code"), appid, openid)
    watermark = {"timestamp": int(wechat.now()), "appid": appid}
    return {**OK, "phone_info": {**phone_info(phone), "watermark": watermark}}


ROUTES: dict[str, tuple[str, Endpoint]] = {
    "/sns/jscode2session": ("GET", code2session),
    "/cgi-bin/stable_token": ("POST", stable_token),
    "/wxa/checksession": ("GET", check_session_key),
    "/wxa/resetusersessionkey": ("GET", reset_user_session_key),
    "/wxa/business/getuserphonenumber": ("POST", get_phone_number),
}


def answer(wechat: WeChat, request: Request, fault: Fault = NO_FAULT) -> Reply:
    """Return the endpoint's answer. If the fault replaces it, the endpoint never sees the call."""
    if fault.errcode is not None:
        return _error_answer(wechat, request.path, fault.errcode)
    if fault.has_page:
        return _page_answer(fault)
    try:
        return _json_answer(request.path, _find_endpoint(request)(wechat, request))
    except Refusal as refusal:
        return _error_answer(wechat, request.path, refusal.errcode)


def _check_app(wechat: WeChat, fields: Mapping[str, Any]) -> str:
    """Check appid and secret, and return the appid. Raise ``Refusal`` if one is wrong."""
    appid, secret = _text(fields, "appid"), _text(fields, "secret")
    if not appid:
        raise Refusal(41002)
    if not secret:
        raise Refusal(41004)
    # Several backends may share one fake, so it accepts unknown apps if the appid has the right form.
    if appid not in wechat.apps and not appid.startswith("wx"):
        raise Refusal(40013)
    if wechat.apps.get(appid, KnownApp()).secret not in (None, secret):
        raise Refusal(40125)
    return appid


def _check_access_token(wechat: WeChat, request: Request) -> str:
    """Return the app that the access_token belongs to. Raise ``Refusal`` if the token isn't valid."""
    return wechat.appid_of(request.query.get("access_token", ""))


def _read_signed_query(wechat: WeChat, request: Request) -> tuple[str, str, str]:
    """Return openid, appid and signature of a call that is signed with a session_key."""
    appid = _check_access_token(wechat, request)
    if request.query.get("sig_method") != "hmac_sha256":
        raise Refusal(87008)
    return request.query.get("openid", ""), appid, request.query.get("signature", "")


def _read_fields(request: Request) -> Mapping[str, Any]:
    if not request.body:
        raise Refusal(44002)
    try:
        fields = json.loads(request.body)
    except ValueError:
        raise Refusal(47001) from None
    if not isinstance(fields, dict):
        raise Refusal(47001)
    return fields


def _text(fields: Mapping[str, Any], name: str) -> str:
    """Return the field, or "" if it is missing or isn't a string."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _find_endpoint(request: Request) -> Endpoint:
    if request.path not in ROUTES:
        raise Refusal(40066)
    method, endpoint = ROUTES[request.path]
    if request.method != method:
        raise Refusal(43001 if method == "GET" else 43002)
    return endpoint


def _json_answer(path: str, data: Mapping[str, Any]) -> Reply:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
    # The platform writes "encoding" here, although "charset" would be right.
    content_type = "text/plain" if _is_sns(path) else "application/json; encoding=utf-8"
    return Reply(text.encode("utf-8", "replace"), content_type, errcode=data.get("errcode"))


def _error_answer(wechat: WeChat, path: str, errcode: int | str) -> Reply:
    errmsg = ERRMSG.get(int(errcode), ERRMSG[-1])
    comma = "," if _is_sns(path) else ""
    return _json_answer(path, {"errcode": errcode, "errmsg": f"{errmsg}{comma} rid: {_rid(wechat)}"})


def _is_sns(path: str) -> bool:
    """True if the path is under ``/sns/``, which has its own content type and errmsg format."""
    return path.startswith("/sns/")


def _rid(wechat: WeChat) -> str:
    return f"{int(wechat.now()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


def _page_answer(fault: Fault) -> Reply:
    status = fault.status or 200
    title = f"{status} {http.client.responses.get(status, 'Unknown')}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    text = page if fault.body is None else fault.body
    return Reply(text.encode("utf-8", "replace"), "text/html" if fault.status else "text/plain", status)
