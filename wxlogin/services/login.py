"""Log in with the code that ``wx.login`` gave the mini-program."""

import time
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from wxlogin.caller import Caller
from wxlogin.exceptions import AccountDisabled
from wxlogin.gateway import get_client
from wxlogin.log import log, short_hash
from wxlogin.models import LoginSession, SessionKey, WeChatUser
from wxlogin.signals import logged_in
from wxlogin.tokens import TokenPair
from wxlogin.transactions import again_when_outrun, in_one_transaction
from wxlogin.wechat.results import Code2Session

from . import accounts, phone
from .refusals import milliseconds_since, recorded
from .sessions import issue_tokens


@dataclass(frozen=True)
class Login:
    """``created``: the Django user is new."""

    wechat_user: WeChatUser
    tokens: TokenPair
    created: bool


def login_with_code(code: str, *, appid: str, caller: Caller, phone_code: str = "") -> Login:
    """Log in whoever holds ``code``, and bind the phone behind ``phone_code`` if that works.

    Raises ``UnknownApp``, ``WeChatError`` or ``AccountDisabled``.
    """
    started = time.monotonic()
    client = get_client(appid)
    asked_at = timezone.now()
    with recorded("login refused", appid=appid, caller=caller):
        identity = client.code2session(code)
        upstream_ms = milliseconds_since(started)
        login = _store(appid, identity, asked_at=asked_at, caller=caller, upstream_ms=upstream_ms)
        if isinstance(login, AccountDisabled):
            raise login
    session, wechat_user = login.session, login.session.person
    log(
        "login",
        appid=appid,
        person=short_hash(wechat_user),
        session=session.public_id,
        created=login.created,
    )
    for public_id in login.replaced:
        log("session ended", session=public_id, reason="replaced")
    if phone_code:
        phone.bind_at_login(wechat_user, phone_code, caller=caller, started=started)
    return Login(wechat_user, issue_tokens(session), login.created)


@dataclass(frozen=True)
class _Stored:
    """``replaced``: the public ids of the sessions that had to go for this one."""

    session: LoginSession
    created: bool
    replaced: list[str]


@again_when_outrun
@in_one_transaction
def _store(
    appid: str, identity: Code2Session, *, asked_at: datetime, caller: Caller, upstream_ms: int
) -> _Stored | AccountDisabled:
    """Raises ``AccountDisabled`` where the refusal takes all back, and returns it where it doesn't."""
    now = timezone.now()
    recorded_login = WeChatUser.objects.record_login(
        appid, identity, find_user=lambda: accounts.find_user(appid, identity), at=now
    )
    wechat_user, created = recorded_login.wechat_user, recorded_login.is_new_user
    if recorded_login.unionid_changed:
        accounts.unionid_came(wechat_user)
    if not wechat_user.may_log_in(now):
        reason = wechat_user.block_reason if wechat_user.block_reason_public else ""
        if recorded_login.is_blocked_again:
            return AccountDisabled(reason, wechat_user)  # for staff to find them, and to let them in again
        raise AccountDisabled(reason, None if recorded_login.is_new else wechat_user)
    SessionKey.objects.keep(wechat_user, identity.session_key, asked_at=asked_at)
    session = LoginSession.objects.start(
        wechat_user,
        at=now,
        ip=caller.ip,
        user_agent=caller.user_agent,
        release=caller.release,
        client=caller.client,
        upstream_ms=upstream_ms,
    )
    replaced = LoginSession.objects.end_surplus(wechat_user, now)
    transaction.on_commit(
        lambda: logged_in.send(sender=WeChatUser, login_session=session, created=created), robust=True
    )
    return _Stored(session, created, replaced)
