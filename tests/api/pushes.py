"""Messages that WeChat pushes, and the requests that carry them."""

import json
import time
from typing import Any

from tests.conftest import Api
from tests.helpers.plain import push_signature
from tests.settings import APPID
from wxlogin.wechat.crypto import encrypt_push

EVENTS = f"events/{APPID}/"
PUSH_TOKEN, PUSH_AES_KEY = "madeup", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
JSON, XML = "application/json", "text/xml"


def message(event: str, openid: str = "o-alice", **members: Any) -> dict[str, Any]:
    return {
        "ToUserName": "gh_0123456789ab",
        "FromUserName": "o-platform",
        "CreateTime": int(time.time()),
        "MsgType": "event",
        "Event": event,
        "OpenID": openid,
        "AppID": APPID,
        **members,
    }


def as_xml(members: dict[str, Any]) -> str:
    return "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in members.items()) + "</xml>"


def query(token: str = PUSH_TOKEN, encrypt: str = "") -> dict[str, str]:
    """The signed query of a push. With ``encrypt``, also the signature of secure mode."""
    parts = {"timestamp": str(int(time.time())), "nonce": "415670741"}
    found = {**parts, "signature": push_signature(token, *parts.values())}
    if encrypt:
        found |= {"encrypt_type": "aes", "msg_signature": push_signature(token, *parts.values(), encrypt)}
    return found


def post(
    api: Api, params: dict[str, str], body: str, kind: str = JSON, path: str = EVENTS, **extra: Any
) -> Any:
    return api.call("post", path, body, access="", content_type=kind, query_params=params, **extra)


def plain(api: Api, members: dict[str, Any], kind: str = JSON) -> Any:
    """Push a message in plain mode, and return the answer."""
    return post(api, query(), json.dumps(members) if kind == JSON else as_xml(members), kind)


def secure(api: Api, members: dict[str, Any] | str, kind: str = JSON, **beside: Any) -> Any:
    """Push an encrypted message, and return the answer. ``beside`` is plain text next to it."""
    text = members if isinstance(members, str) else json.dumps(members) if kind == JSON else as_xml(members)
    encrypt = encrypt_push(PUSH_AES_KEY, text, APPID)
    envelope = {"ToUserName": "gh_0123456789ab", "Encrypt": encrypt, **beside}
    return post(api, query(encrypt=encrypt), json.dumps(envelope) if kind == JSON else as_xml(envelope), kind)
