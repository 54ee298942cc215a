"""Login sessions after the login: tokens, refresh, logout, and the ways in which a session ends."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model, QuerySet

from wxlogin import databases, tokens
from wxlogin.conf import conf
from wxlogin.exceptions import SessionEnded, TokenInvalid
from wxlogin.log import log
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.models.clock import DatabaseTime, database_time
from wxlogin.secret import Secret
from wxlogin.tokens import TokenPair
from wxlogin.transactions import in_one_transaction, retry_contention

from .decisions import Decision, log_decision
from .staff_log import Action, Staff, record

EndReason = LoginSession.EndReason


def issue_tokens(session: LoginSession, now: datetime) -> TokenPair:
    """Return the token pair of the session's present generation. ``now`` is the database's time."""
    return tokens.issue(
        session.person.user,
        appid=session.person.appid,
        session_id=session.public_id,
        generation=session.generation,
        since=session.last_seen_at,
        until=session.expires_at,
        now=now,
    )


def authenticate(access: Secret[str]) -> LoginSession | None:
    """Return the live session that an access token belongs to, with person and user. One query.

    Return None for a Simple JWT token that isn't ours. Raises ``TokenInvalid`` or ``SessionEnded``.
    """
    claims = tokens.read_access(access)
    if claims is None:
        return None
    session = _find(claims.session_id)
    # A merge gives the session to another user. An erased person is told so below.
    is_theirs = not session.wechat_user or tokens.user_id(session.wechat_user.user) == claims.user_id
    if not is_theirs or tokens.is_past(claims.expires_at, session.read_at):
        raise TokenInvalid
    _end_if_over(session)
    return session


def refresh(refresh_token: Secret[str]) -> TokenPair:
    """Exchange a refresh token for the next one. Raises ``TokenInvalid`` or ``SessionEnded``.

    A refresh token works once. For ``REFRESH_GRACE`` after it was spent, the parent, and only the parent, gets the
    same next token again: parallel calls and lost answers log nobody out. An older token must be a stolen copy, so
    it ends the session.
    """
    started = time.monotonic()
    claims = tokens.read_refresh(refresh_token)
    session = _find(claims.session_id)
    _end_if_over(session)
    if claims.generation == session.generation and tokens.is_past(claims.expires_at, session.read_at):
        _end([session], EndReason.EXPIRED)
        raise SessionEnded(EndReason.EXPIRED)
    if _spend(session, claims.generation):
        session.generation, session.last_seen_at = claims.generation + 1, session.read_at
    else:
        session = _answer_again(claims, started)
    return issue_tokens(session, session.read_at)


def _answer_again(claims: tokens.RefreshClaims, started: float) -> LoginSession:
    """Return the session if its token was spent within the grace before this call.

    The call began at ``started``, by ``time.monotonic``. The time that it has waited for the database since doesn't
    count.
    """
    # Read the row again: a parallel call may just have spent the token or ended the session.
    session = _find(claims.session_id)
    _end_if_over(session)
    if claims.generation > session.generation:
        # The token is newer than a restored database.
        raise TokenInvalid
    called_at = session.read_at - timedelta(seconds=time.monotonic() - started)
    if claims.generation == session.generation - 1 and called_at - session.last_seen_at <= conf.REFRESH_GRACE:
        return session
    log("refresh reused", session=session.public_id, generation=claims.generation)
    _end([session], EndReason.REUSED_REFRESH)
    raise SessionEnded(EndReason.REUSED_REFRESH)


def log_out(session: LoginSession, *, everywhere: bool = False) -> None:
    """End this session, or all of the Django user's, over all apps."""
    chosen = [session]
    if everywhere:
        chosen = list(LoginSession.objects.of_user(session.person.user).live(DatabaseTime()))
    _end(chosen, EndReason.LOGGED_OUT)


def own_sessions(user: AbstractBaseUser) -> Iterable[LoginSession]:
    """Return the Django user's live sessions over all apps, newest first."""
    return LoginSession.objects.of_user(user).live(DatabaseTime()).newest_first()


def end_own_session(user: AbstractBaseUser, public_id: str) -> bool:
    """End one of the user's own sessions. Ending it twice is fine. False if the user has no such session."""
    session = LoginSession.objects.of_user(user).with_public_id(public_id).first()
    if session is None:
        return False
    _end([session], EndReason.LOGGED_OUT)
    return True


def end_sessions(sessions: Iterable[LoginSession], *, staff: Staff, reason: str) -> int:
    """End ``sessions`` for ``staff``, and return how many were live. Tokens are refused at the next request.

    Raises ``ValueError`` for a reason that is empty or longer than 200 characters.
    """
    now = database_time()
    live = [session for session in sessions if not session.is_over(now)]
    ended = _end_by_staff(live, staff=staff, reason=reason)
    _log_ended(ended, EndReason.ENDED_BY_STAFF, staff=staff.pk if staff else None)
    return len(ended)


def live_sessions_of(wechat_users: Iterable[WeChatUser]) -> QuerySet[LoginSession]:
    """Return the live sessions of these people over all devices, with the person."""
    return LoginSession.objects.of_people(wechat_users).with_wechat_user().live(DatabaseTime())


@in_one_transaction
def end_sessions_of_disabled(ids: Iterable[int]) -> int:
    """End all open sessions of the people with these ids, and return how many.

    They stay ended if the person is enabled again.

    A login in progress holds the lock on its person's row. Once we have this lock, its session is in the table
    and is ended too.
    """
    people = list(WeChatUser.objects.locked(ids))
    return _end(LoginSession.objects.of_people(people).open(), EndReason.ACCOUNT_DISABLED)


def end_sessions_of_saved_user(
    instance: Model, created: bool, using: str, raw: bool = False, **kwargs: Any
) -> None:
    """End the sessions of a Django user who was just disabled. A receiver of ``post_save``.

    It is connected for every model: a user who is saved through a proxy or a subclass is sent as one of that. A copy
    of the user that the project keeps in another database says nothing about our sessions.
    """
    if created or raw or not isinstance(instance, get_user_model()):
        return
    if not instance.is_active and using == databases.alias():
        people = list(WeChatUser.objects.of_user(instance))
        for person in people:
            log_decision(Decision.DISABLED, person)
        end_sessions_of_disabled(person.pk for person in people)


def _end(sessions: Iterable[LoginSession], reason: str) -> int:
    ended = _mark_ended(list(sessions), reason)
    _log_ended(ended, reason)
    return len(ended)


def _log_ended(ended: Iterable[LoginSession], reason: str, **facts: Any) -> None:
    for session in ended:
        log("session ended", session=session.public_id, reason=reason, **facts)


@in_one_transaction
def _end_by_staff(sessions: list[LoginSession], *, staff: Staff, reason: str) -> list[LoginSession]:
    ended = _mark_ended(sessions, EndReason.ENDED_BY_STAFF)
    for person, count in Counter(session.person for session in ended).items():
        details = {"sessions": count}
        record(Action.END_SESSIONS, [person], staff=staff, reason=reason, details=details)
    return ended


@in_one_transaction
def _mark_ended(sessions: list[LoginSession], reason: str) -> list[LoginSession]:
    """Return the sessions that this call ended. One conditional UPDATE each: a parallel call may be quicker."""
    return [session for session in sessions if LoginSession.objects.end_one(session, reason)]


# No transaction: its COMMIT could come late, and the grace begins with the time in the statement.
@retry_contention
def _spend(session: LoginSession, generation: int) -> bool:
    return LoginSession.objects.spend(session.public_id, generation)


def _find(public_id: str) -> LoginSession:
    """Return a session with person and user. Raises ``TokenInvalid``."""
    session = LoginSession.objects.find(public_id)
    if session is None:
        raise TokenInvalid
    return session


def _end_if_over(session: LoginSession) -> None:
    """Raise ``SessionEnded`` if the session was over when it was read. Store its end if ``ended_at`` isn't set yet."""
    # An erased person's session has ended, too.
    if session.ended_at is not None or session.wechat_user is None:
        raise SessionEnded(session.end_reason)
    if not session.person.may_log_in(session.read_at):
        _end(_sessions_to_disable(session), EndReason.ACCOUNT_DISABLED)
        raise SessionEnded(EndReason.ACCOUNT_DISABLED)
    if session.is_over(session.read_at):
        _end([session], EndReason.EXPIRED)
        raise SessionEnded(EndReason.EXPIRED)


def _sessions_to_disable(session: LoginSession) -> Iterable[LoginSession]:
    """Return all open sessions of a blocked person or a disabled user. They stay ended when access is given back."""
    if session.person.user.is_active:
        return LoginSession.objects.of_people([session.person]).open()
    return LoginSession.objects.of_user(session.person.user).open()
