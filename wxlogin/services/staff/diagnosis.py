"""Diagnosis: why can't this person log in?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wxlogin.caller import is_request_id
from wxlogin.clock import utc_now
from wxlogin.conf import conf
from wxlogin.models import LoginFailure, LoginSession, WeChatUser
from wxlogin.models.failures import LoginFailureQuerySet

from ..meanings import Finding, Meaning, Text, explain

FAILURE_PERIOD = timedelta(hours=24)
OUTAGE_PERIOD = timedelta(hours=1)
# Older sessions, and older groups of failures, aren't looked at.
MAX_SESSIONS = 10
MAX_GROUPS = 5
# Codes of failures that hit everybody in an app.
OUTAGE_CODES = [
    "wechat_misconfigured",
    "wechat_unavailable",
    "wechat_timeout",
    "wechat_bad_response",
]
# Codes of refused logins of a known person. Other failures of the person come after a login: phone, session key.
LOGIN_REFUSALS = {"account_disabled", "user_blocked"}


def diagnose(wechat_user: WeChatUser) -> list[Finding]:
    """Return findings about what keeps ``wechat_user`` from logging in. They hold no secret and no identifier.

    Costs at most five statements, and one for the Django user.
    """
    now = utc_now()
    sessions = list(LoginSession.objects.of_people([wechat_user]).newest_first()[:MAX_SESSIONS])
    findings = [
        _account(wechat_user),
        _block(wechat_user, now),
        _app(wechat_user.appid),
        _sessions(wechat_user, sessions, now),
        *_own_failures(wechat_user, now),
        *_failures_at_addresses(wechat_user, sessions, now),
        _outage(wechat_user.appid, now),
    ]
    return findings if any(not finding.is_good for finding in findings) else [*findings, NOTHING_FOUND]


def failure_of(request_id: str) -> LoginFailure | None:
    """Return the latest failure with this request id: a client may send the same id twice."""
    if not is_request_id(request_id):
        return None
    return LoginFailure.objects.with_request_id(request_id).newest_first().first()


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
    text = (
        _("Blocked since {since} until {until}: {reason}") if until else _("Blocked since {since}: {reason}")
    )
    return Finding(
        _("Block"),
        False,
        format_lazy(text, since=_format_time(since), until=_format_time(until), reason=reason or "-"),
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
    """Describe the latest sessions. Always a good finding: a person without a session can still log in."""
    last = _format_time(wechat_user.last_login_at)
    live = sum(not session.is_over(now) for session in latest)
    if live:
        text = format_lazy(_("Logged in now. Live sessions: {count}. Last login: {at}"), count=live, at=last)
    elif latest:
        reason = latest[0].get_end_reason_display() or LoginSession.EndReason.EXPIRED.label
        text = format_lazy(
            _("No live session; the latest one: {reason}. Last login: {at}"), reason=reason, at=last
        )
    else:
        text = format_lazy(_("No login session is kept. Last login: {at}"), at=last)
    return Finding(_("Login sessions"), True, text)


def _own_failures(wechat_user: WeChatUser, now: datetime) -> Iterator[Finding]:
    failures = LoginFailure.objects.of_person_since(wechat_user, now - FAILURE_PERIOD)
    for group in _group_failures(failures):
        finding = group.finding(_("Refused lately"), wechat_user.last_login_at, group.meaning.advice)
        yield finding if group.code in LOGIN_REFUSALS else replace(finding, is_good=True)


def _failures_at_addresses(
    wechat_user: WeChatUser, sessions: Iterable[LoginSession], now: datetime
) -> Iterator[Finding]:
    """Find failures of unknown people from the person's IP addresses: most failures don't say whose they are."""
    addresses = {session.ip for session in sessions if session.ip}
    failures = LoginFailure.objects.without_person(
        wechat_user.appid, now - FAILURE_PERIOD, addresses=addresses
    )
    for group in _group_failures(failures):
        hint = format_lazy(
            _("It may be somebody else behind the same address. {todo}"), todo=group.meaning.advice
        )
        yield group.finding(_("Refused at their address"), wechat_user.last_login_at, hint)


def _outage(appid: str, now: datetime) -> Finding:
    """Return a finding about an outage: logins of this app that fail for everybody."""
    since = LoginSession.objects.latest_login(appid, now - OUTAGE_PERIOD) or now - OUTAGE_PERIOD
    failures = LoginFailure.objects.without_person(appid, since, codes=OUTAGE_CODES)
    for group in _group_failures(failures):
        text = format_lazy(
            _("Nobody could log in since {since}. {told}"), since=_format_time(since), told=group.text
        )
        return Finding(_("Everybody else in this app"), False, text, group.meaning.advice)
    return Finding(_("Everybody else in this app"), True, _("Logins don't fail at large."))


@dataclass(frozen=True)
class _FailureGroup:
    """A group of failures with the same meaning."""

    code: str
    errcode: int | None
    count: int
    latest: datetime

    @property
    def meaning(self) -> Meaning:
        return explain(self.code, self.errcode)

    @property
    def text(self) -> Text:
        text = _("{told} ({count}×, the last time at {at})")
        return format_lazy(text, told=self.meaning.text, count=self.count, at=_format_time(self.latest))

    def finding(self, subject: Text, last_login_at: datetime, hint: Text) -> Finding:
        """Return a finding. It is good if a login worked afterwards."""
        return Finding(subject, self.latest < last_login_at, self.text, hint)


def _group_failures(failures: LoginFailureQuerySet) -> list[_FailureGroup]:
    """Return the latest groups of failures, newest first."""
    return [_FailureGroup(*row) for row in failures.by_meaning(MAX_GROUPS)]


def _format_time(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else "-"


NOTHING_FOUND = Finding(
    _("All in all"),
    True,
    _("Nothing that we know of keeps them out."),
    _("Ask for the request id that the mini-program shows with the error, and look for that."),
)
