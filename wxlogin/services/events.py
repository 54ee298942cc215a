"""Messages that WeChat pushes. Act on the three that withdraw consent, and send a signal for every message."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.crypto import salted_hmac

from wxlogin import signals
from wxlogin.conf import App, conf
from wxlogin.exceptions import PushRefused
from wxlogin.log import log
from wxlogin.models import ReceivedPush, WeChatUser
from wxlogin.secret import PrivateStr, Secret
from wxlogin.transactions import after_commit, in_one_transaction
from wxlogin.wechat.crypto import CannotDecrypt, decrypt_push, push_signature
from wxlogin.wechat.messages import Unreadable, read_message

from . import erasure, pictures
from .decisions import Decision, log_decision

Message = Mapping[str, Any]

# developers.weixin.qq.com, authorized_user_information_changes: the items of RevokeInfo.
# Nickname and avatar, nickname keyboard, chooseAvatar.
PROFILE_ITEMS = {"6", "19", "20"}
PHONE_ITEM = "8"
# The only members of a message in secure mode.
ENCRYPTED_ONLY = {"tousername", "encrypt"}
# ``Encrypt`` in JSON or XML. JSON may write a slash as ``\/``.
ENCRYPT = re.compile(rb"""(?:<encrypt>\s*(?:<!\[CDATA\[)?|"encrypt"\s*:\s*")\s*([\w+/=\\]*)""", re.IGNORECASE)
# 32 bytes in base64, the least that AES and WeChat's padding make.
SHORTEST_ENCRYPT = 44
# Anybody can send many of them, and each costs a hash. WeChat sends one, beside which a text may hold a few.
MAX_CANDIDATES = 32
# WeChat's timestamp and nonce have about ten digits.
MAX_TIMES = 64
# An event's name that can stand in a line of the log.
EVENT_NAME = re.compile(r"\w{1,64}", re.ASCII)


def answer_handshake(appid: str, query: Mapping[str, str]) -> str:
    """Return the echostr that the WeChat console expects when the URL is entered. Raises ``PushRefused``."""
    _check(_app(appid), query.get("signature", ""), query)
    return query.get("echostr", "")


def receive(appid: str, query: Mapping[str, str], body: Secret[bytes]) -> None:
    """Act on a message, once even if WeChat repeats it. Raises ``PushRefused``, ``StorageUnavailable``.

    A signed message of which nothing can be read is logged and done with: sent again, it would be the same.
    """
    app = _app(appid)
    try:
        message = _verified_message(app, query, body)
    except Unreadable as exc:
        log("push unreadable", logging.WARNING, appid=appid, problem=exc.problem)
    else:
        _act_once(appid, message)


def log_refusal(appid: str, refusal: PushRefused) -> None:
    """Log why a message was refused, for the operator. The sender gets no reason."""
    log("push refused", appid=appid if appid in conf.APPS else "", problem=refusal.problem)


def _app(appid: str) -> App:
    app = conf.APPS.get(appid)
    if app is None:
        raise PushRefused("unknown app")
    # An empty token is no secret: anybody could compute the signature.
    if not app.push_token:
        raise PushRefused("no PUSH_TOKEN")
    return app


def _check(app: App, signature: str, query: Mapping[str, str], *signed: Secret[str]) -> None:
    if not _is_signed(app, signature, query, *signed):
        raise PushRefused("wrong signature: compare PUSH_TOKEN with the console")


def _is_signed(app: App, signature: str, query: Mapping[str, str], *signed: Secret[str]) -> bool:
    times = Secret(query.get("timestamp", "")), Secret(query.get("nonce", ""))
    if any(len(each) > MAX_TIMES for each in times):
        return False
    return push_signature(app.push_token, *times, *signed) == Secret(signature)


def _verified_message(app: App, query: Mapping[str, str], body: Secret[bytes]) -> Message:
    """Return the message, from the signed part of the request only. Raises ``PushRefused``, ``Unreadable``.

    With an AES key, only ``Encrypt`` under ``msg_signature`` is signed: the plain ``signature`` covers no body.
    Nothing is parsed before the signature is checked.
    """
    if not app.push_aes_key:
        _check(app, query.get("signature", ""), query)
        outer = read_message(body)
        if "encrypt" in outer and not outer.keys() - ENCRYPTED_ONLY:
            raise PushRefused("encrypted, and there is no PUSH_AES_KEY")
        return outer
    encrypt = _encrypted_part(app, query, body)
    try:
        content, appid = decrypt_push(app.push_aes_key, encrypt)
    except CannotDecrypt:
        raise PushRefused("not decrypted: compare PUSH_AES_KEY with the console") from None
    if appid != app.appid:
        raise PushRefused("another app's")
    return read_message(content)


def _encrypted_part(app: App, query: Mapping[str, str], body: Secret[bytes]) -> Secret[str]:
    """Return the ``Encrypt`` that is signed. Raises ``PushRefused`` if none is.

    Nobody vouches for the body yet, so it isn't parsed. In compatible mode somebody's text stands beside ``Encrypt``,
    and may look like another one.
    """
    signature = query.get("msg_signature", "")
    for encrypt in _candidates(body):
        if _is_signed(app, signature, query, encrypt):
            return encrypt
    raise PushRefused("wrong signature: compare PUSH_TOKEN with the console")


def _candidates(body: Secret[bytes]) -> set[Secret[str]]:
    """Return what may be ``Encrypt``: the first of them that are long enough."""
    candidates: set[Secret[str]] = set()
    for found in ENCRYPT.finditer(body.reveal()):
        encrypt = Secret(found[1].decode().replace("\\/", "/"))
        if len(encrypt) >= SHORTEST_ENCRYPT:
            candidates.add(encrypt)
        if len(candidates) == MAX_CANDIDATES:
            break
    return candidates


def text_in(message: Message, name: str) -> PrivateStr:
    """Return a member as text, a number too; "" if there is none."""
    key = name.lower()
    return PrivateStr(str(message[key]).strip() if isinstance(message.get(key), str | int) else "")


def _event_of(message: Message) -> str:
    """Return the event's name, "" for a message that is no event: a person's text may have put an Event into it."""
    is_event = "msgtype" not in message or text_in(message, "MsgType").lower() == "event"
    return text_in(message, "Event") if is_event else ""


@in_one_transaction
def _act_once(appid: str, message: Message) -> None:
    """Act on a message that is new. After an error nothing is stored, and WeChat sends the message again."""
    handler = HANDLERS.get(_event_of(message).lower())
    if not ReceivedPush.objects.insert_if_new(_digest(appid, message), is_lasting=handler is not None):
        return
    wechat_user = _person_in(appid, message)
    if handler and wechat_user:
        handler(wechat_user, message)
    after_commit(lambda: _announce(appid, message, wechat_user))


def withdraw(wechat_user: WeChatUser, items: set[str]) -> None:
    """Delete what the person has shared under these items. Needs a transaction. Raises ``StorageUnavailable``."""
    if items & PROFILE_ITEMS:
        pictures.delete_avatar(wechat_user)
        wechat_user.change(nickname="")
    if PHONE_ITEM in items:
        wechat_user.change(sealed_phone=b"", phone_hash="")
    log_decision(Decision.WITHDRAWN, wechat_user, items=".".join(sorted(items)))


def is_shared(wechat_user: WeChatUser, items: set[str]) -> bool:
    """True if something is kept that the person has shared under one of these items."""
    has_profile = bool(wechat_user.nickname or wechat_user.avatar)
    return (has_profile and bool(items & PROFILE_ITEMS)) or (wechat_user.has_phone and PHONE_ITEM in items)


def _clear_profile(wechat_user: WeChatUser, message: Message) -> None:
    withdraw(wechat_user, PROFILE_ITEMS)


def _revoke(wechat_user: WeChatUser, message: Message) -> None:
    items = set(re.findall("[0-9]+", text_in(message, "RevokeInfo")))
    if known := items & {*PROFILE_ITEMS, PHONE_ITEM}:
        withdraw(wechat_user, known)


def _cancel(wechat_user: WeChatUser, message: Message) -> None:
    erasure.erase(wechat_user.user)


HANDLERS: dict[str, Callable[[WeChatUser, Message], None]] = {
    "user_info_modified": _clear_profile,
    "user_authorization_revoke": _revoke,
    "user_authorization_cancellation": _cancel,
}


def _person_in(appid: str, message: Message) -> WeChatUser | None:
    """Return the person that ``OpenID`` names. ``FromUserName`` of these events is the platform."""
    openid = text_in(message, "OpenID")
    if text_in(message, "AppID") not in {"", appid} or not re.fullmatch("[!-~]{1,64}", openid):
        return None
    return WeChatUser.objects.find(appid, openid)


def _digest(appid: str, message: Message) -> str:
    """Return a keyed hash, the same for a repeated message. The message's own time is part of it."""
    canonical = PrivateStr(json.dumps([appid, message], sort_keys=True))
    return salted_hmac("wxlogin.push", canonical, algorithm="sha256").hexdigest()


def _announce(appid: str, message: Message, wechat_user: WeChatUser | None) -> None:
    event = _event_of(message)
    log(
        "push received",
        appid=appid,
        push=event if EVENT_NAME.fullmatch(event) else "",
        person=wechat_user.log_hash if wechat_user else "",
    )
    signals.push_received.send(sender=WeChatUser, appid=appid, message=message, wechat_user=wechat_user)
