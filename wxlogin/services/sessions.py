"""The life of a login session after the login."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model, QuerySet
from django.utils import timezone

from wxlogin import tokens
from wxlogin.conf import conf
from wxlogin.exceptions import SessionEnded, TokenInvalid
from wxlogin.log import log
from wxlogin.models import LoginSession, WeChatUser
from wxlogin.tokens import TokenPair
from wxlogin.transactions import in_one_transaction

from .staff_log import Action, Staff, record

EndReason = LoginSession.EndReason


def issue_tokens(session: LoginSession) -> TokenPair:
    """The pair of the session's present generation."""
    return tokens.issue(
        session.person.user,
        appid=session.person.appid,
        session_id=session.public_id,
        generation=session.generation,
        since=session.last_seen_at,
        until=session.expires_at,
    )


def authenticate(access: str) -> LoginSession | None:
    """The live session that an access token belongs to, with person and user: one query.

    None for a Simple JWT token that isn't ours. Raises ``TokenInvalid`` or ``SessionEnded``.
    """
    claims = tokens.read_access(access)
    if claims is None:
        return None
    session = _find(claims.session_id)
    if tokens.user_id(session.person.user) != claims.user_id:
        raise TokenInvalid
    _refuse_if_over(session, timezone.now())
    return session


def refresh(refresh_token: str) -> TokenPair:
    """Spend a refresh token for its successor. Raises ``TokenInvalid`` or ``SessionEnded``.

    A refresh works once. For ``REFRESH_GRACE`` after it was spent the parent, and only the parent, gets the
    same successor again: parallel calls and lost answers log nobody out. Anything older is somebody else's
    copy and ends the session.
    """
    claims = tokens.read_refresh(refresh_token)
    now = timezone.now()
    session = _find(claims.session_id)
    _refuse_if_over(session, now)
    if claims.expired and claims.generation == session.generation:
        _end([session], EndReason.EXPIRED, now)
        raise SessionEnded(EndReason.EXPIRED)
    if _spend(session, claims.generation, now):
        session.generation, session.last_seen_at = claims.generation + 1, now
    else:
        session = _answer_again(claims, now)
    return issue_tokens(session)


def _answer_again(claims: tokens.RefreshClaims, now: datetime) -> LoginSession:
    session = _find(claims.session_id)  # anew: it may just have been spent or ended by a parallel call
    _refuse_if_over(session, now)
    if claims.generation > session.generation:
        raise TokenInvalid  # from a future that a restored backup doesn't know
    if claims.generation == session.generation - 1 and now - session.last_seen_at <= conf.REFRESH_GRACE:
        return session
    log("refresh reused", session=session.public_id, generation=claims.generation)
    _end([session], EndReason.REUSED_REFRESH, now)
    raise SessionEnded(EndReason.REUSED_REFRESH)


def log_out(session: LoginSession, *, everywhere: bool = False) -> None:
    """End this session, or all of the Django user's, over all apps."""
    now = timezone.now()
    chosen = [session]
    if everywhere:
        chosen = list(LoginSession.objects.of_user(session.person.user).live(now))
    _end(chosen, EndReason.LOGGED_OUT, now)


def own_sessions(user: AbstractBaseUser) -> Iterable[LoginSession]:
    """The Django user's live sessions over all apps, newest first."""
    return LoginSession.objects.of_user(user).live(timezone.now()).order_by("-created_at", "-pk")


def end_own_session(user: AbstractBaseUser, public_id: str) -> bool:
    """End one of the user's own sessions; twice is fine. False if the user has no such session."""
    session = LoginSession.objects.of_user(user).filter(public_id=public_id).first()
    if session is None:
        return False
    _end([session], EndReason.LOGGED_OUT, timezone.now())
    return True


def end_sessions(sessions: Iterable[LoginSession], *, staff: Staff, reason: str) -> int:
    """``staff`` ends ``sessions``; how many were not over yet. Tokens are refused at the next request.

    Raises ``ValueError`` for a reason that is empty or longer than 200 characters.
    """
    now = timezone.now()
    live = [session for session in sessions if not session.is_over(now)]
    ended = _end_by_staff(live, now, staff=staff, reason=reason)
    _log_ended(ended, EndReason.ENDED_BY_STAFF, staff=staff.pk if staff else None)
    return len(ended)


def live_sessions_of(wechat_users: Iterable[WeChatUser]) -> QuerySet[LoginSession]:
    """Over all devices, with their person."""
    ids = [wechat_user.pk for wechat_user in wechat_users]
    of_them = LoginSession.objects.select_related("wechat_user").filter(wechat_user__in=ids)
    return of_them.live(timezone.now())


@in_one_transaction
def end_sessions_of_disabled(ids: Iterable[int]) -> int:
    """All open sessions of the people with these ids; how many. Enabling them again revives none.

    A login under way holds its person's row: once that is ours, its session is there to be ended.
    """
    people = list(WeChatUser.objects.locked(ids))
    open_ones = LoginSession.objects.filter(wechat_user__in=people, ended_at=None)
    return _end(open_ones, EndReason.ACCOUNT_DISABLED, timezone.now())


def when_user_saved(instance: Model, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """A signal receiver: disabling a Django user ends their sessions, enabling it again revives none.

    Hears of every model, since a user saved through a proxy or a subclass is announced as one of that.
    """
    if created or raw or not isinstance(instance, get_user_model()):
        return
    if not instance.is_active:
        end_sessions_of_disabled(WeChatUser.objects.filter(user_id=instance.pk).values_list("pk", flat=True))


def _end(sessions: Iterable[LoginSession], reason: str, at: datetime) -> int:
    ended = _mark_ended(list(sessions), reason, at)
    _log_ended(ended, reason)
    return len(ended)


def _log_ended(ended: Iterable[LoginSession], reason: str, **facts: Any) -> None:
    for session in ended:
        log("session ended", session=session.public_id, reason=reason, **facts)


@in_one_transaction
def _end_by_staff(
    sessions: list[LoginSession], at: datetime, *, staff: Staff, reason: str
) -> list[LoginSession]:
    ended = _mark_ended(sessions, EndReason.ENDED_BY_STAFF, at)
    for person, count in Counter(session.person for session in ended).items():
        details = {"sessions": count}
        record(Action.END_SESSIONS, [person], staff=staff, reason=reason, details=details)
    return ended


@in_one_transaction
def _mark_ended(sessions: list[LoginSession], reason: str, at: datetime) -> list[LoginSession]:
    """Those that this call ended, one conditional UPDATE each: somebody else may be quicker."""
    return [session for session in sessions if LoginSession.objects.filter(pk=session.pk).end(reason, at)]


@in_one_transaction
def _spend(session: LoginSession, generation: int, at: datetime) -> bool:
    return LoginSession.objects.spend(session.public_id, generation, at)


def _find(public_id: str) -> LoginSession:
    """With person and user. Raises ``TokenInvalid``, or ``SessionEnded`` for one of an erased person."""
    session = LoginSession.objects.with_person().filter(public_id=public_id).first()
    if session is None:
        raise TokenInvalid
    if session.wechat_user is None:
        raise SessionEnded(session.end_reason)
    return session


def _refuse_if_over(session: LoginSession, now: datetime) -> None:
    """Raises ``SessionEnded``, and puts on disk what was only implied until now."""
    if session.ended_at is not None:
        raise SessionEnded(session.end_reason)
    if not session.person.may_log_in(now):
        _end(_sharing_the_fate_of(session), EndReason.ACCOUNT_DISABLED, now)
        raise SessionEnded(EndReason.ACCOUNT_DISABLED)
    if session.is_over(now):
        _end([session], EndReason.EXPIRED, now)
        raise SessionEnded(EndReason.EXPIRED)


def _sharing_the_fate_of(session: LoginSession) -> Iterable[LoginSession]:
    """All sessions of a disabled user, or of a blocked person: enabling again must revive none."""
    if session.person.user.is_active:
        return LoginSession.objects.filter(wechat_user=session.wechat_user, ended_at=None)
    return LoginSession.objects.of_user(session.person.user).filter(ended_at=None)
