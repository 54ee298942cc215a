"""Events that WeChat pushes to the URL that a mini-program has configured."""

import base64
import hashlib
import http.client
import ipaddress
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict
from urllib.parse import SplitResult, urlencode, urlsplit

from wxlogin.fakewechat import encryption

MODES = ("plain", "compatible", "secure")
# The receiver may keep silent for this many seconds, while it connects or between two reads.
TIMEOUT = 5

Message = Mapping[str, Any]


class Delivery(TypedDict):
    """The receiver's answer. ``status`` is None if it didn't answer in time, or couldn't be reached."""

    status: int | None
    body: str


@dataclass(frozen=True)
class Receiver:
    """The URL and the credentials of an app that receives events.

    Raise ``ValueError`` if the URL isn't on loopback, or if there is no token.
    """

    url: str
    appid: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = parse_url(self.url)
        if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
            raise ValueError("url must be http on loopback: nobody else is to hear from the fake")
        if not self.token:
            raise ValueError(f"no push token is known for {self.appid}: give token")

    @property
    def original_id(self) -> str:
        """The mini-program's ``gh_`` id."""
        return "gh_" + hashlib.sha256(self.appid.encode()).hexdigest()[:12]

    @property
    def sender_openid(self) -> str:
        """The openid of the platform, which sends the events. It is different in every app."""
        digest = hashlib.sha256(b"platform " + self.appid.encode()).digest()
        return "o" + base64.urlsafe_b64encode(digest)[:27].decode()


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_url(url: str) -> SplitResult:
    """Split a URL. Raise ``ValueError`` for one that http.client can't handle."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("url holds a character that must be escaped")
    parts = urlsplit(url)
    # Reading the port raises an error if it is invalid.
    _ = parts.port
    return parts


def appid_from_url(url: str) -> str:
    """Return the last part of the path. Raise ``ValueError`` if the path is empty."""
    appid = parse_url(url).path.rstrip("/").rpartition("/")[2]
    if not appid:
        raise ValueError("url doesn't end in an appid: give appid")
    return appid


def build_message(receiver: Receiver, event: str, openid: str, now: int, fields: Message) -> Message:
    """Build an event's message. ``fields`` add members or replace them, and None removes one.

    Raise ``ValueError`` if ``openid`` is empty.
    """
    if not openid:
        raise ValueError("openid is missing")
    members = {
        "ToUserName": receiver.original_id,
        "FromUserName": receiver.sender_openid,
        "CreateTime": now,
        "MsgType": "event",
        "Event": event,
        "OpenID": openid,
        "AppID": receiver.appid,
    }
    return {name: value for name, value in {**members, **fields}.items() if value is not None}


def send_handshake(receiver: Receiver, now: int) -> Delivery:
    """Send the GET that WeChat sends when somebody saves the URL in the console.

    The receiver must answer with the echostr. The handshake isn't encrypted in any mode.
    """
    query = _signed_query(receiver, now) | {"echostr": _digits(19)}
    return _send("GET", receiver.url, query)


def send_event(
    receiver: Receiver, message: Message, mode: str, format: str, now: int, text: str | None = None
) -> Delivery:
    """Write, encrypt and send the message once. ``text`` is sent in its place, well-formed or not.

    Raise ``ValueError`` for an unknown mode or format, and for a missing or invalid aes_key.
    """
    _check_choice("mode", mode, MODES)
    _check_choice("format", format, FORMATS)
    content_type, write = FORMATS[format]
    query = _signed_query(receiver, now) | {"openid": receiver.sender_openid}
    body = write(message) if text is None else text
    if mode != "plain":
        encrypted = _encrypt(receiver, body)
        query |= {"encrypt_type": "aes", "msg_signature": _msg_signature(receiver, query, encrypted)}
        outer = {"ToUserName": receiver.original_id} if mode == "secure" else {}
        envelope = write({**outer, "Encrypt": encrypted})
        body = envelope if mode == "secure" else JOINERS[format](body, envelope)
    return _send("POST", receiver.url, query, encryption.encode(body), content_type)


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
    parts = parse_url(url)
    target = f"{parts.path or '/'}?{parts.query}{'&' if parts.query else ''}{urlencode(query)}"
    headers = {"Content-Type": content_type} if content_type else {}
    # http.client uses no proxy from the environment and follows no redirect.
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
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
    text = value.replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{text}]]>"


def _join_json(one: str, other: str) -> str:
    """Return an object with the members of both, whatever they are."""
    return f"{one.rstrip().removesuffix('}')},{other.removeprefix('{')}"


def _join_xml(one: str, other: str) -> str:
    return one.rstrip().removesuffix("</xml>") + other.removeprefix("<xml>")


JOINERS = {"json": _join_json, "xml": _join_xml}
FORMATS = {"json": ("application/json", _json), "xml": ("text/xml", _xml)}
