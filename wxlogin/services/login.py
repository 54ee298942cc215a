"""Log in with the code that ``wx.login`` gave the mini-program."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import Error, transaction
from django.utils import timezone

from wxlogin.exceptions import AccountDisabled
from wxlogin.gateway import get_client
from wxlogin.models import LoginFailure, LoginSession, SessionKey, WeChatUser
from wxlogin.signals import logged_in
from wxlogin.tokens import TokenPair
from wxlogin.wechat.errors import Misconfigured, WeChatError
from wxlogin.wechat.results import Code2Session

from . import accounts
from .caller import Caller
from .log import log, request_id, short_hash
from .sessions import issue_tokens
from .storage import again_when_outrun, in_one_transaction


@dataclass(frozen=True)
class Login:
    """``created``: the Django user is new."""

    wechat_user: WeChatUser
    tokens: TokenPair
    created: bool


def login_with_code(code: str, *, appid: str, caller: Caller) -> Login:
    """Log in whoever holds ``code``. Raises ``UnknownApp``, ``WeChatError`` or ``AccountDisabled``."""
    client = get_client(appid)
    asked_at = timezone.now()
    try:
        identity = client.code2session(code)
        session, created, replaced = _store(appid, identity, asked_at=asked_at, caller=caller)
    except (WeChatError, AccountDisabled) as refusal:
        _record_refusal(refusal, appid, caller)
        raise
    log(
        "login",
        appid=appid,
        person=short_hash(session.wechat_user),
        session=session.public_id,
        created=created,
    )
    for public_id in replaced:
        log("session ended", session=public_id, reason="replaced")
    return Login(session.wechat_user, issue_tokens(session), created)


@again_when_outrun
@in_one_transaction
def _store(
    appid: str, identity: Code2Session, *, asked_at: datetime, caller: Caller
) -> tuple[LoginSession, bool, list[str]]:
    """The new session, whether the Django user is new, and the public ids of the sessions it replaced."""
    now = timezone.now()
    recorded = WeChatUser.objects.record_login(
        appid, identity, find_user=lambda: accounts.find_user(appid, identity), at=now
    )
    wechat_user, created = recorded.wechat_user, recorded.is_new_user
    if recorded.unionid_changed:
        accounts.unionid_came(wechat_user)
    if not wechat_user.may_log_in(now):
        raise AccountDisabled(wechat_user.block_reason if wechat_user.block_reason_public else "")
    SessionKey.objects.keep(wechat_user, identity.session_key, asked_at=asked_at)
    session = LoginSession.objects.start(
        wechat_user, at=now, ip=caller.ip, user_agent=caller.user_agent, release=caller.release
    )
    replaced = LoginSession.objects.end_surplus(wechat_user, now)
    transaction.on_commit(
        lambda: logged_in.send(sender=WeChatUser, login_session=session, created=created), robust=True
    )
    return session, created, replaced


def _record_refusal(refusal: WeChatError | AccountDisabled, appid: str, caller: Caller) -> None:
    """For staff and for the log. A database in trouble must not change the answer."""
    errcode, rid = getattr(refusal, "errcode", None), getattr(refusal, "rid", "")
    log(
        "login refused",
        logging.ERROR if isinstance(refusal, Misconfigured) else logging.INFO,
        code=refusal.code,
        appid=appid,
        errcode=errcode,
        rid=rid,
    )
    try:
        LoginFailure.objects.create(
            created_at=timezone.now(),
            appid=appid,
            ip=caller.ip,
            code=refusal.code,
            errcode=errcode,
            rid=rid,
            request_id=request_id.get(),
        )
    except Error as exc:
        log("login failure not stored", logging.ERROR, problem=type(exc).__name__)
