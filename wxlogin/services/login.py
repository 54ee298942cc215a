"""Login with the code that ``wx.login`` gave the mini-program."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from wxlogin.caller import Caller
from wxlogin.exceptions import AccountDisabled
from wxlogin.gateway import get_client
from wxlogin.log import log
from wxlogin.models import LoginSession, SessionKey, WeChatUser
from wxlogin.models.clock import shared_time
from wxlogin.secret import Secret
from wxlogin.signals import logged_in
from wxlogin.tokens import TokenPair
from wxlogin.transactions import after_commit, in_one_transaction, retry_lost_race
from wxlogin.wechat.results import Code2Session

from . import phone
from .accounts.factory import retry_collision
from .accounts.joining import find_or_make_user, handle_new_unionid
from .refusals import milliseconds_since, store_refusals
from .sessions import issue_tokens


@dataclass(frozen=True)
class Login:
    """A finished login. ``created`` is True if the Django user is new."""

    wechat_user: WeChatUser
    tokens: TokenPair
    created: bool


def login_with_code(
    code: Secret[str], *, appid: str, caller: Caller, phone_code: Secret[str] | None = None
) -> Login:
    """Log in the person who holds ``code``, and bind the phone behind ``phone_code`` if that works.

    Raises ``UnknownApp``, ``WeChatError`` or ``AccountDisabled``.
    """
    started = time.monotonic()
    client = get_client(appid)
    with store_refusals("login refused", appid=appid, caller=caller):
        asked = shared_time()
        identity = client.code2session(code)
        upstream_ms = milliseconds_since(started)
        login = _store(appid, identity, asked=asked, started=started, caller=caller, upstream_ms=upstream_ms)
        if isinstance(login, AccountDisabled):
            raise login
    session, wechat_user = login.session, login.session.person
    log(
        "login",
        appid=appid,
        person=wechat_user.log_hash,
        session=session.public_id,
        created=login.created,
    )
    for public_id in login.replaced_ids:
        log("session ended", session=public_id, reason="replaced")
    if phone_code:
        phone.bind_at_login(wechat_user, phone_code, caller=caller, started=started)
    return Login(wechat_user, issue_tokens(session, session.created_at), login.created)


@dataclass(frozen=True)
class _StoredLogin:
    """A stored login. ``replaced_ids``: public ids of the sessions that this one replaced."""

    session: LoginSession
    created: bool
    replaced_ids: list[str]


@retry_lost_race
@retry_collision
@in_one_transaction
def _store(
    appid: str, identity: Code2Session, *, asked: float, started: float, caller: Caller, upstream_ms: int
) -> _StoredLogin | AccountDisabled:
    """Store everything about a login in one transaction. It began at ``started``, by ``time.monotonic``.

    WeChat was asked at ``asked``, by ``shared_time``.

    If the person may not log in, raise ``AccountDisabled``, which rolls everything back. For a new identity
    with a carried block, return the ``AccountDisabled`` instead of raising it: then the row is stored, and staff can
    find and unblock the person.
    """
    upserted = WeChatUser.objects.upsert_identity(
        appid, identity, find_user=lambda: find_or_make_user(appid, identity)
    )
    wechat_user, created = upserted.wechat_user, upserted.is_new_user
    now = wechat_user.last_login_at
    if upserted.unionid_changed:
        handle_new_unionid(wechat_user)
    if not wechat_user.may_log_in(now):
        reason = wechat_user.block_reason if wechat_user.block_reason_public else ""
        if upserted.is_blocked_again:
            return AccountDisabled(reason, wechat_user)
        raise AccountDisabled(reason, None if upserted.is_new else wechat_user)
    SessionKey.objects.store(wechat_user, identity.session_key, asked_at=_asked_at(now, asked, started))
    session = LoginSession.objects.start(
        wechat_user,
        at=now,
        ip=caller.ip,
        user_agent=caller.user_agent,
        release=caller.release,
        client=caller.client,
        upstream_ms=upstream_ms,
    )
    replaced_ids = LoginSession.objects.end_surplus(wechat_user, now)
    after_commit(lambda: logged_in.send(sender=WeChatUser, login_session=session, created=created))
    return _StoredLogin(session, created, replaced_ids)


def _asked_at(now: datetime, asked: float, started: float) -> datetime:
    """Return the time of the call to WeChat, ``asked``, as a time of the database, which was just ``now``.

    ``asked`` is an estimate. However wrong it is, the call lies between the beginning of the login and ``now``.
    """
    ago = min(max(now.timestamp() - asked, 0.0), time.monotonic() - started)
    return now - timedelta(seconds=ago)
