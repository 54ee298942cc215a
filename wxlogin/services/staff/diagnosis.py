"""Why somebody can't log in, as far as we can know it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wxlogin.caller import SANE_REQUEST_ID
from wxlogin.conf import conf
from wxlogin.models import LoginFailure, LoginSession, WeChatUser

from ..meanings import Explanation, explain
from ..upkeep.doctor import Finding, Text

LATELY = timedelta(hours=24)
JUST_NOW = timedelta(hours=1)
SESSIONS = 10  # the latest ones tell enough
KINDS = 5  # of failures, the latest ones
FAULTS = [  # that hit everybody, whoever asks
    "wechat_misconfigured",
    "wechat_unavailable",
    "wechat_timeout",
    "wechat_bad_response",
]
REFUSE_LOGINS = {"account_disabled", "user_blocked"}


def why_not(wechat_user: WeChatUser) -> list[Finding]:
    """What keeps ``wechat_user`` from logging in, or doesn't. Holds no secret and nothing to know them by.

    At most five statements, and one for the Django user.
    """
    now = timezone.now()
    sessions = list(wechat_user.login_sessions.order_by("-created_at", "-pk")[:SESSIONS])
    findings = [
        _account(wechat_user),
        _block(wechat_user, now),
        _app(wechat_user.appid),
        _sessions(wechat_user, sessions, now),
        *_own_failures(wechat_user, now),
        *_failures_nearby(wechat_user, sessions, now),
        _everybody(wechat_user.appid, now),
    ]
    return findings if any(not finding.is_good for finding in findings) else [*findings, NOTHING_FOUND]


def failure_of(request_id: str) -> LoginFailure | None:
    """The latest one: a client that names its requests may give two the same name."""
    if not SANE_REQUEST_ID.fullmatch(request_id):
        return None
    return LoginFailure.objects.filter(request_id=request_id).order_by("-created_at", "-pk").first()


def _account(wechat_user: WeChatUser) -> Finding:
    if wechat_user.user.is_active:
        return Finding(_("Account"), True, _("It is active."))
    return Finding(
        _("Account"),
        False,
        _("The Django user is disabled, so all logins are refused."),
        _("Whoever may edit users can make it active again."),
    )


def _block(wechat_user: WeChatUser, now: datetime) -> Finding:
    if not wechat_user.is_blocked(now):
        return Finding(_("Block"), True, _("Nobody blocked them."))
    since, until, reason = wechat_user.blocked_at, wechat_user.blocked_until, wechat_user.block_reason
    told = (
        _("Blocked since {since} until {until}: {reason}") if until else _("Blocked since {since}: {reason}")
    )
    return Finding(
        _("Block"),
        False,
        format_lazy(told, since=_time(since), until=_time(until), reason=reason or "-"),
        _("Whoever may block people can unblock them."),
    )


def _app(appid: str) -> Finding:
    if appid in conf.APPS:
        return Finding(_("App"), True, _("It is in the settings."))
    return Finding(
        _("App"),
        False,
        _("The settings don't list it any more, so nobody can log in there."),
        _("Tell whoever runs the server: see APPS in WXLOGIN."),
    )


def _sessions(wechat_user: WeChatUser, latest: list[LoginSession], now: datetime) -> Finding:
    """No reason by itself: who has no session can still log in."""
    last = _time(wechat_user.last_login_at)
    live = sum(not session.is_over(now) for session in latest)
    if live:
        told = format_lazy(_("Logged in now. Live sessions: {count}. Last login: {at}"), count=live, at=last)
    elif latest:
        reason = latest[0].get_end_reason_display() or LoginSession.EndReason.EXPIRED.label
        told = format_lazy(
            _("No live session; the latest one: {reason}. Last login: {at}"), reason=reason, at=last
        )
    else:
        told = format_lazy(_("No login session is kept. Last login: {at}"), at=last)
    return Finding(_("Login sessions"), True, told)


def _own_failures(wechat_user: WeChatUser, now: datetime) -> Iterator[Finding]:
    failures = LoginFailure.objects.filter(wechat_user=wechat_user, created_at__gt=now - LATELY)
    for kind in _kinds(failures):
        found = kind.finding(_("Refused lately"), wechat_user.last_login_at, kind.explanation.todo)
        # The others came after a login: phone, session key.
        yield found if kind.code in REFUSE_LOGINS else replace(found, is_good=True)


def _failures_nearby(
    wechat_user: WeChatUser, sessions: Iterable[LoginSession], now: datetime
) -> Iterator[Finding]:
    """Of nobody we know, from where they were before: most failures don't say whose they are."""
    addresses = {session.ip for session in sessions if session.ip}
    failures = LoginFailure.objects.filter(
        ip__in=addresses, created_at__gt=now - LATELY, appid=wechat_user.appid, wechat_user=None
    )
    for kind in _kinds(failures):
        hint = format_lazy(
            _("It may be somebody else behind the same address. {todo}"), todo=kind.explanation.todo
        )
        yield kind.finding(_("Refused at their address"), wechat_user.last_login_at, hint)


def _everybody(appid: str, now: datetime) -> Finding:
    """Whether it is not about this person at all."""
    logins = LoginSession.objects.filter(appid=appid, created_at__gt=now - JUST_NOW)
    last_success = logins.aggregate(at=Max("created_at"))["at"]
    since = last_success or now - JUST_NOW
    failures = LoginFailure.objects.filter(
        appid=appid,
        created_at__gt=since,
        code__in=FAULTS,
        wechat_user=None,  # else it came after a login
    )
    for kind in _kinds(failures):
        told = format_lazy(_("Nobody could log in since {since}. {told}"), since=_time(since), told=kind.told)
        return Finding(_("Everybody else in this app"), False, told, kind.explanation.todo)
    return Finding(_("Everybody else in this app"), True, _("Logins don't fail at large."))


@dataclass(frozen=True)
class _Kind:
    """Failures that mean the same."""

    code: str
    errcode: int | None
    count: int
    latest: datetime

    @property
    def explanation(self) -> Explanation:
        return explain(self.code, self.errcode)

    @property
    def told(self) -> Text:
        told = _("{told} ({count}×, the last time at {at})")
        return format_lazy(told, told=self.explanation.told, count=self.count, at=_time(self.latest))

    def finding(self, subject: Text, last_login_at: datetime, hint: Text) -> Finding:
        """A good one if a login worked afterwards."""
        return Finding(subject, self.latest < last_login_at, self.told, hint)


def _kinds(failures: QuerySet[LoginFailure]) -> list[_Kind]:
    """The latest first."""
    rows = failures.order_by().values_list("code", "errcode").annotate(Count("pk"), latest=Max("created_at"))
    return [_Kind(*row) for row in rows.order_by("-latest")[:KINDS]]


def _time(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else "-"


NOTHING_FOUND = Finding(
    _("All in all"),
    True,
    _("Nothing that we know of keeps them out."),
    _("Ask for the request id that the mini-program shows with the error, and look for that."),
)
