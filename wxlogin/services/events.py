"""What WeChat tells us on its own: that somebody took their consent back, and whatever else it pushes."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import xmltodict
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from wxlogin import signals
from wxlogin.conf import App, conf
from wxlogin.exceptions import PushRefused
from wxlogin.log import log, short_hash
from wxlogin.models import ReceivedPush, WeChatUser
from wxlogin.transactions import in_one_transaction
from wxlogin.wechat.crypto import CannotDecrypt, decrypt_push, push_signature

from . import avatars, erasure

Message = Mapping[str, Any]

# developers.weixin.qq.com, authorized_user_information_changes: what RevokeInfo counts.
PROFILE_ITEMS = {"6", "19", "20"}  # nickname and avatar, nickname keyboard, chooseAvatar
PHONE_ITEM = "8"


ENCRYPTED_ONLY = {"tousername", "encrypt"}


def answer_handshake(appid: str, query: Mapping[str, str]) -> str:
    """What the WeChat console wants to hear when the address is entered there. Raises ``PushRefused``."""
    with _refusals_logged(appid):
        _check(_app(appid), query.get("signature", ""), query)
    return query.get("echostr", "")


def receive(appid: str, query: Mapping[str, str], body: bytes) -> None:
    """Act on a message, once however often it comes. Raises ``PushRefused``, ``StorageUnavailable``."""
    with _refusals_logged(appid):
        message = _genuine(_app(appid), query, body)
    _act_once(appid, message)


def _app(appid: str) -> App:
    app = conf.APPS.get(appid)
    if app is None:
        raise PushRefused("unknown app")
    if not app.push_token:  # anybody could sign
        raise PushRefused("no PUSH_TOKEN")
    return app


def _check(app: App, signature: str, query: Mapping[str, str], *signed: str) -> None:
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not constant_time_compare(push_signature(app.push_token, timestamp, nonce, *signed), signature):
        raise PushRefused("wrong signature: compare PUSH_TOKEN with the console")


def _genuine(app: App, query: Mapping[str, str], body: bytes) -> Message:
    """The message, from what the signature vouches for.

    With an AES key that is only ``Encrypt`` under ``msg_signature``: the plain ``signature`` covers no body.
    """
    outer = _parsed(body)
    if not app.push_aes_key:
        _check(app, query.get("signature", ""), query)
        if not outer.keys() - ENCRYPTED_ONLY:
            raise PushRefused("encrypted, and there is no PUSH_AES_KEY")
        return outer
    encrypt = text_in(outer, "Encrypt")
    _check(app, query.get("msg_signature", ""), query, encrypt)
    try:
        content, appid = decrypt_push(app.push_aes_key, encrypt)
    except CannotDecrypt:
        raise PushRefused("not decrypted: compare PUSH_AES_KEY with the console") from None
    if appid != app.appid:
        raise PushRefused("another app's")
    return _parsed(content.encode())


def _parsed(body: bytes) -> Message:
    """JSON, or XML in which nothing expands; names in lower case, since WeChat writes them in more than one way.

    Raises ``PushRefused``.
    """
    try:
        text = body.decode("utf-8").strip()
        message = xmltodict.parse(text)["xml"] if text.startswith("<") else json.loads(text)
        json.dumps(message)  # or it is nested too deep to be looked at
        return {name.strip().lower(): value for name, value in message.items()}
    except Exception:  # noqa: BLE001  a stranger wrote it, and expat has errors of its own
        raise PushRefused("neither JSON nor XML") from None


def text_in(message: Message, name: str) -> str:
    """A member as text, however WeChat sent it; empty if there is none."""
    value = message.get(name.lower())
    return str(value).strip() if isinstance(value, str | int) else ""


@in_one_transaction
def _act_once(appid: str, message: Message) -> None:
    """What fails is taken back whole, and comes again with WeChat's next attempt."""
    duty = DUTIES.get(text_in(message, "Event").lower())
    if not ReceivedPush.objects.is_new(_digest(appid, message), timezone.now(), is_lasting=duty is not None):
        return
    wechat_user = _person_in(appid, message)
    if duty and wechat_user:
        duty(wechat_user, message)
    transaction.on_commit(lambda: _tell(appid, message, wechat_user), robust=True)


def _clear_profile(wechat_user: WeChatUser, message: Message) -> None:
    avatars.forget_avatar(wechat_user)
    wechat_user.change(nickname="")


def _revoke(wechat_user: WeChatUser, message: Message) -> None:
    items = set(re.findall("[0-9]+", text_in(message, "RevokeInfo")))
    if items & PROFILE_ITEMS:
        _clear_profile(wechat_user, message)
    if PHONE_ITEM in items:
        wechat_user.change(sealed_phone=b"", phone_hash="")


def _cancel(wechat_user: WeChatUser, message: Message) -> None:
    erasure.erase(wechat_user.user)


DUTIES: dict[str, Callable[[WeChatUser, Message], None]] = {
    "user_info_modified": _clear_profile,
    "user_authorization_revoke": _revoke,
    "user_authorization_cancellation": _cancel,
}


def _person_in(appid: str, message: Message) -> WeChatUser | None:
    """Whom it is about: that is ``OpenID``; ``FromUserName`` of these events is the platform."""
    openid = text_in(message, "OpenID")
    if text_in(message, "AppID") not in {"", appid} or not re.fullmatch("[!-~]{1,64}", openid):
        return None
    return WeChatUser.objects.select_related("user").filter(appid=appid, openid=openid).first()


def _digest(appid: str, message: Message) -> str:
    """The same for a repeat. The time that the message was made is in it; nothing in it can be read back."""
    canonical = json.dumps([appid, message], sort_keys=True)
    return salted_hmac("wxlogin.push", canonical, algorithm="sha256").hexdigest()


def _tell(appid: str, message: Message, wechat_user: WeChatUser | None) -> None:
    event = text_in(message, "Event")
    log(
        "push received",
        appid=appid,
        push=event if event.isidentifier() else "",
        person=short_hash(wechat_user) if wechat_user else "",
    )
    signals.push_received.send(sender=WeChatUser, appid=appid, message=message, wechat_user=wechat_user)


@contextmanager
def _refusals_logged(appid: str) -> Iterator[None]:
    """For the operator who wonders why the console says no; the sender is told nothing."""
    try:
        yield
    except PushRefused as refusal:
        log("push refused", appid=appid if appid in conf.APPS else "", problem=refusal.problem)
        raise
