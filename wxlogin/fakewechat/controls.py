"""The ``/_fake/`` calls, with which a demo or a test in another process controls the fake."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from wxlogin.fakewechat.faults import RULES
from wxlogin.fakewechat.messages import Reply, Request
from wxlogin.fakewechat.state import WeChat

Fields = dict[str, Any]
Control = Callable[[WeChat, Fields], Any]

PUSH_OPTIONS = {"openid", "mode", "appid", "token", "aes_key", "format", "text"}
PUSH_NAMES = PUSH_OPTIONS | {"url", "event"}


def save_person(wechat: WeChat, fields: Fields) -> Any:
    _check_names(fields, {"openid", "unionid", "phone", "nickname"})
    for name in fields:
        _text_or_none(fields, name)
    return dataclasses.asdict(wechat.person(**fields))


def make_code(wechat: WeChat, fields: Fields) -> Any:
    _check_names(fields, {"openid", "appid"})
    return {"code": wechat.code_for(_text(fields, "openid"), _text_or_none(fields, "appid"))}


def make_phone_code(wechat: WeChat, fields: Fields) -> Any:
    _check_names(fields, {"openid", "appid"})
    return {"code": wechat.phone_code_for(_text(fields, "openid"), _text_or_none(fields, "appid"))}


def make_open_data(wechat: WeChat, fields: Fields) -> Any:
    _check_names(fields, {"openid", "appid", "data"})
    data = _object(fields, "data")
    return wechat.open_data(_text(fields, "openid"), data, _text_or_none(fields, "appid"))


def push(wechat: WeChat, fields: Fields) -> Any:
    _check_names(fields, PUSH_NAMES | {"fields"})
    members = _object(fields, "fields") if "fields" in fields else {}
    if reserved := members.keys() & PUSH_NAMES:
        raise ValueError(f"fields can't hold {', '.join(sorted(reserved))}")
    options = {name: text for name in PUSH_OPTIONS if (text := _text_or_none(fields, name))}
    return wechat.push(_text(fields, "url"), _text(fields, "event"), **options, **members)


def add_fault(wechat: WeChat, fields: Fields) -> Any:
    _check_names(fields, {"path", *RULES})
    wechat.fault(_text(fields, "path"), **{name: fields[name] for name in fields if name != "path"})
    return {}


def expire_session_key(wechat: WeChat, fields: Fields) -> Any:
    _check_names(fields, {"openid"})
    wechat.expire_session_key(_text(fields, "openid"))
    return {}


def expire_access_tokens(wechat: WeChat, fields: Fields) -> Any:
    _check_names(fields, set())
    wechat.expire_access_tokens()
    return {}


def list_calls(wechat: WeChat, fields: Fields) -> Any:
    return [dataclasses.asdict(call) for call in wechat.calls]


def reset(wechat: WeChat, fields: Fields) -> Any:
    wechat.reset()
    return {}


CONTROLS: dict[tuple[str, str], Control] = {
    ("POST", "/_fake/people"): save_person,
    ("POST", "/_fake/codes"): make_code,
    ("POST", "/_fake/phone-codes"): make_phone_code,
    ("POST", "/_fake/open-data"): make_open_data,
    ("POST", "/_fake/push"): push,
    ("POST", "/_fake/faults"): add_fault,
    ("POST", "/_fake/expire-session-key"): expire_session_key,
    ("POST", "/_fake/expire-access-tokens"): expire_access_tokens,
    ("GET", "/_fake/calls"): list_calls,
    ("POST", "/_fake/reset"): reset,
}


def answer(wechat: WeChat, request: Request) -> Reply:
    control = CONTROLS.get((request.method, request.path))
    if control is None:
        return _json_answer({"error": f"no such control: {request.method} {request.path}"}, 404)
    try:
        return _json_answer(control(wechat, _read_fields(request.body)))
    except ValueError as exc:
        return _json_answer({"error": str(exc)}, 400)


def _json_answer(data: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(data).encode(), "application/json", status)


def _read_fields(body: bytes) -> Fields:
    fields = json.loads(body or b"{}")
    if not isinstance(fields, dict):
        raise ValueError("the body must be a JSON object")
    return fields


def _check_names(fields: Fields, allowed: set[str]) -> None:
    if unknown := fields.keys() - allowed:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(allowed))}")


def _object(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be a JSON object")
    return value


def _text(fields: Fields, name: str) -> str:
    value = _text_or_none(fields, name)
    if value is None:
        raise ValueError(f"{name} is missing")
    return value


def _text_or_none(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not (isinstance(value, str) and value):
        raise ValueError(f"{name} must be a string with something in it")
    return value
