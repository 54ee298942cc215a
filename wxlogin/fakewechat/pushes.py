"""Events, as WeChat sends them to the URL that a mini-program has given it."""

import base64
import hashlib
import http.client
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict
from urllib.parse import SplitResult, urlencode, urlsplit

from wxlogin.fakewechat import encryption
from wxlogin.fakewechat.loopback import is_loopback

MODES = ("plain", "compatible", "secure")
TIMEOUT = 5  # seconds without a sign of life

Message = Mapping[str, Any]


class Delivery(TypedDict):
    """What the receiver said; ``status`` is None if it said nothing in time, or wasn't there at all."""

    status: int | None
    body: str


@dataclass(frozen=True)
class Receiver:
    """Where an app takes its events. Raises ``ValueError`` for a URL that isn't on loopback."""

    url: str
    appid: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)

    def __post_init__(self) -> None:
        place = split(self.url)
        if place.scheme != "http" or not is_loopback(place.hostname or ""):
            raise ValueError("url must be http on loopback: nobody else is to hear from the fake")
        if not self.token:
            raise ValueError(f"no push token is known for {self.appid}: give token")

    @property
    def original_id(self) -> str:
        return "gh_" + hashlib.sha256(self.appid.encode()).hexdigest()[:12]

    @property
    def sender(self) -> str:
        """Whom these events come from: the platform, which has an openid of its own in every app."""
        digest = hashlib.sha256(b"platform " + self.appid.encode()).digest()
        return "o" + base64.urlsafe_b64encode(digest)[:27].decode()


def split(url: str) -> SplitResult:
    """Raises ``ValueError`` for what http.client would stumble over."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("url holds a character that must be escaped")
    place = urlsplit(url)
    _ = place.port  # a bad one raises when looked at
    return place


def appid_in(url: str) -> str:
    """The last part of the path. Raises ``ValueError`` if there is none."""
    appid = split(url).path.rstrip("/").rpartition("/")[2]
    if not appid:
        raise ValueError("url doesn't end in an appid: give appid")
    return appid


def message(receiver: Receiver, event: str, openid: str, now: int, fields: Message) -> Message:
    """``fields`` add members or replace them; None leaves one out. Raises ``ValueError`` without an openid."""
    if not openid:
        raise ValueError("openid is missing")
    usual = {
        "ToUserName": receiver.original_id,
        "FromUserName": receiver.sender,
        "CreateTime": now,
        "MsgType": "event",
        "Event": event,
        "OpenID": openid,
        "AppID": receiver.appid,
    }
    return {name: value for name, value in {**usual, **fields}.items() if value is not None}


def shake_hands(receiver: Receiver, now: int) -> Delivery:
    """What WeChat does when somebody saves the URL: it wants the echostr back. In no mode it is encrypted."""
    query = _signed_query(receiver, now) | {"echostr": _digits(19)}
    return _send("GET", receiver.url, query)


def deliver(receiver: Receiver, message: Message, mode: str, format: str, now: int) -> Delivery:
    """Raises ``ValueError`` for a mode or a format that isn't there, and for a missing or a bad aes_key."""
    _check_choice("mode", mode, MODES)
    _check_choice("format", format, FORMATS)
    content_type, write = FORMATS[format]
    query = _signed_query(receiver, now) | {"openid": receiver.sender}
    if mode != "plain":
        encrypted = _encrypt(receiver, write(message))
        query |= {"encrypt_type": "aes", "msg_signature": _msg_signature(receiver, query, encrypted)}
        envelope = {"ToUserName": receiver.original_id, "Encrypt": encrypted}
        message = envelope if mode == "secure" else {**message, **envelope}
    return _send("POST", receiver.url, query, write(message).encode(), content_type)


def _check_choice(name: str, value: str, choices: Collection[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}")


def _signed_query(receiver: Receiver, now: int) -> dict[str, str]:
    timestamp, nonce = str(now), _digits(10)
    signature = encryption.sign_push(receiver.token, timestamp, nonce)
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce}


def _msg_signature(receiver: Receiver, query: Mapping[str, str], encrypted: str) -> str:
    return encryption.sign_push(receiver.token, query["timestamp"], query["nonce"], encrypted)


def _encrypt(receiver: Receiver, text: str) -> str:
    if not receiver.aes_key:
        raise ValueError(f"no push AES key is known for {receiver.appid}: give aes_key, or mode plain")
    return encryption.encrypt_push(text, receiver.appid, receiver.aes_key)


def _send(
    method: str, url: str, query: Mapping[str, str], body: bytes | None = None, content_type: str = ""
) -> Delivery:
    place = split(url)
    target = f"{place.path or '/'}?{place.query}{'&' if place.query else ''}{urlencode(query)}"
    headers = {"Content-Type": content_type} if content_type else {}
    # http.client takes no proxy from the environment and follows no redirect.
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT)
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return {"status": response.status, "body": response.read().decode("utf-8", "replace")}
    except (OSError, http.client.HTTPException):
        return {"status": None, "body": ""}
    finally:
        connection.close()


def _digits(length: int) -> str:
    return "".join(secrets.choice("123456789") for _ in range(length))


def _json(message: Message) -> str:
    return json.dumps(dict(message), ensure_ascii=False, separators=(",", ":"))


def _xml(message: Message) -> str:
    members = (f"<{name}>{_xml_value(value)}</{name}>" for name, value in message.items())
    return "\n".join(["<xml>", *members, "</xml>"])


def _xml_value(value: Any) -> str:
    if not isinstance(value, str):
        return str(value)
    inside = value.replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{inside}]]>"


FORMATS = {"json": ("application/json", _json), "xml": ("text/xml", _xml)}
