import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Count, F, Max, Q
from django.utils.translation import gettext_lazy as _

from wxlogin.conf import conf

from .base import OwnModel, OwnQuerySet
from .clock import DatabaseTime, Moment
from .fields import AwareDateTimeField, ExactCharField
from .people import WeChatUser


def new_public_id() -> str:
    """Return 128 random bits as hex: the id must be unique on a database that ignores case, too."""
    return secrets.token_hex(16)


class LoginSessionQuerySet(OwnQuerySet["LoginSession"]):
    def find(self, public_id: str) -> "LoginSession | None":
        """Return the session, fresh, with person and user. Its ``read_at`` is the database's time of this read."""
        read = self.with_person().annotate(read_at=DatabaseTime())  # type: ignore[no-redef]
        return read.filter(public_id=public_id).first()

    def with_person(self) -> "LoginSessionQuerySet":
        """The same sessions, read together with the person and the Django user."""
        return self.select_related("wechat_user__user")

    def with_wechat_user(self) -> "LoginSessionQuerySet":
        return self.select_related("wechat_user")

    def with_public_id(self, public_id: str) -> "LoginSessionQuerySet":
        return self.filter(public_id=public_id)

    def in_app(self, appid: str) -> "LoginSessionQuerySet":
        return self.filter(appid=appid)

    def of_user(self, user: AbstractBaseUser) -> "LoginSessionQuerySet":
        """Sessions of a Django user, over all apps."""
        return self.filter(wechat_user__user_id=user.pk)

    def of_people(self, people: Iterable[WeChatUser | int]) -> "LoginSessionQuerySet":
        """Sessions of these people, over all devices."""
        return self.filter(wechat_user__in=list(people))

    def newest_first(self) -> "LoginSessionQuerySet":
        """The same sessions, newest first."""
        return self.order_by("-created_at", "-pk")

    def open(self) -> "LoginSessionQuerySet":
        """Sessions that aren't marked as ended. Some of them may be past a limit: see ``live``."""
        return self.filter(ended_at=None)

    def begun_before(self, moment: datetime) -> "LoginSessionQuerySet":
        return self.filter(created_at__lt=moment)

    def begun_since(self, moment: datetime) -> "LoginSessionQuerySet":
        return self.filter(created_at__gte=moment)

    def live(self, at: Moment) -> "LoginSessionQuerySet":
        """Open sessions within their absolute and idle limits."""
        return self.open().filter(expires_at__gt=at, last_seen_at__gt=at - conf.SESSION_IDLE)

    def expired(self, at: datetime) -> "LoginSessionQuerySet":
        """Sessions past a limit, whether or not a request has marked them as ended since."""
        idle = at - conf.SESSION_IDLE
        # These two conditions filter nothing out, and make an index usable: an expired session has no other end
        # reason, and it wasn't created after it was last seen.
        known = self.filter(end_reason__in=["", LoginSession.EndReason.EXPIRED])
        too_old, too_idle = Q(expires_at__lte=at), Q(last_seen_at__lte=idle, created_at__lte=idle)
        return known.filter(
            Q(end_reason=LoginSession.EndReason.EXPIRED) | Q(too_old | too_idle, ended_at=None)
        )

    def ended_by(self, reason: str) -> "LoginSessionQuerySet":
        return self.filter(end_reason=reason)

    def purgeable(self, cutoff: datetime, now: datetime) -> "LoginSessionQuerySet":
        """Sessions that were over before ``cutoff``, and whose last token has expired by ``now``."""
        return self.filter(Q(ended_at__lt=cutoff) | Q(expires_at__lt=cutoff), expires_at__lt=now)

    def latest_login(self, appid: str, since: datetime) -> datetime | None:
        """Return the time of the last login in this app after ``since``."""
        latest: datetime | None = self.filter(appid=appid, created_at__gt=since).aggregate(
            at=Max("created_at")
        )["at"]
        return latest

    def live_per_person(self, people: Iterable[int], at: datetime) -> dict[int, int]:
        """Count the live sessions of each of ``people``. A person without any is left out."""
        live = self.live(at).filter(wechat_user__in=list(people)).order_by()
        return dict(live.values_list("wechat_user").annotate(Count("pk")))

    def start(self, wechat_user: WeChatUser, *, at: datetime, **origin: Any) -> "LoginSession":
        """Insert a session. ``origin``: ip, user_agent, release, client, upstream_ms."""
        return self.create(
            wechat_user=wechat_user,
            appid=wechat_user.appid,
            created_at=at,
            last_seen_at=at,
            expires_at=at + conf.SESSION_ABSOLUTE,
            **origin,
        )

    def spend(self, session_id: str, generation: int) -> bool:
        """Move a session from ``generation`` to the next. It is one conditional UPDATE, so only one of two calls wins."""
        now = DatabaseTime()
        current = self.filter(public_id=session_id, generation=generation, ended_at=None, expires_at__gt=now)
        return bool(current.update(generation=F("generation") + 1, last_seen_at=now))

    def end(self, reason: str) -> int:
        """End the open sessions among these, and return how many. An ended session keeps its first reason."""
        return self.open().update(ended_at=DatabaseTime(), end_reason=reason)

    def end_one(self, session: "LoginSession", reason: str) -> bool:
        """End ``session``. False if it was ended before, by a parallel call for example."""
        return bool(self.filter(pk=session.pk).end(reason))

    def end_erased(self) -> list[str]:
        """End the sessions of people about to be erased, and remove the personal data. Return the open ones' ids."""
        # Read the keys first: after the person is removed, no filter by person finds the rows.
        ids = list(self.values_list("pk", flat=True))
        of_these = self.model.objects.filter(pk__in=ids)
        open_ones = list(of_these.open().values_list("public_id", flat=True))
        of_these.end(LoginSession.EndReason.ERASED)
        of_these.update(wechat_user=None, ip=None, user_agent="", release="", client="")
        return open_ones

    def end_surplus(self, wechat_user: WeChatUser, at: datetime) -> list[str]:
        """End the live sessions beyond ``MAX_SESSIONS``, the oldest first, and return their public ids."""
        # By primary key: a host's clock that was ahead may have given an older session a later time.
        live = self.filter(wechat_user=wechat_user).live(at).order_by("-pk")
        # A list and no subquery, which MySQL can't limit.
        surplus = list(live.values_list("public_id", flat=True)[conf.MAX_SESSIONS :])
        if surplus:
            self.filter(public_id__in=surplus).end(LoginSession.EndReason.REPLACED)
        return surplus


class LoginSession(OwnModel):
    """One login on one device. The JWTs belong to it, and staff can end it; ending it never deletes the row."""

    class EndReason(models.TextChoices):
        LOGGED_OUT = "logged_out", _("logged out")
        ENDED_BY_STAFF = "ended_by_staff", _("ended by staff")
        REPLACED = "replaced", _("replaced by a newer login")
        REUSED_REFRESH = "reused_refresh", _("a spent refresh token was used again")
        EXPIRED = "expired", _("expired")
        ACCOUNT_DISABLED = "account_disabled", _("account disabled")
        ERASED = "erased", _("person erased")

    public_id = models.CharField(
        _("session id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    wechat_user = models.ForeignKey(
        WeChatUser,
        models.CASCADE,
        # Null after the person was erased.
        null=True,
        related_name="login_sessions",
        verbose_name=_("WeChat user"),
    )
    appid = ExactCharField(
        _("app"),
        max_length=32,
        blank=True,
        default="",
        # During an upgrade, a server of the version before inserts rows without this column.
        db_default="",
        help_text=_("Still told when the person is erased."),
    )
    created_at = AwareDateTimeField(_("created at"), db_index=True)
    last_seen_at = AwareDateTimeField(_("last seen"))
    expires_at = AwareDateTimeField(_("expires at"), help_text=_("No token outlives this."))
    generation = models.PositiveIntegerField(
        _("refresh generation"), default=0, help_text=_("How often the session was refreshed.")
    )
    ended_at = AwareDateTimeField(_("ended at"), null=True, blank=True)
    end_reason = models.CharField(_("how it ended"), max_length=16, choices=EndReason.choices, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    user_agent = ExactCharField(_("user agent"), max_length=256, blank=True)
    release = models.CharField(
        _("release"), max_length=32, blank=True, help_text=_("Of the mini-program, as WeChat's Referer says.")
    )
    client = models.CharField(
        _("client version"),
        max_length=32,
        blank=True,
        default="",
        # As for ``appid``.
        db_default="",
        help_text=_("Of wxlogin's client in the mini-program, as it says itself."),
    )
    upstream_ms = models.PositiveIntegerField(
        _("WeChat's time"), null=True, blank=True, help_text=_("Milliseconds that WeChat took for the login.")
    )

    # Set by ``find``.
    read_at: datetime

    objects = LoginSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("login session")
        verbose_name_plural = _("login sessions")
        default_permissions = ("view", "delete")
        indexes = [
            models.Index(fields=["wechat_user", "ended_at", "created_at"], name="wxlogin_sessions_of_person"),
            models.Index(fields=["appid", "created_at"], name="wxlogin_sessions_of_app"),
            models.Index(fields=["end_reason", "created_at"], name="wxlogin_sessions_by_end"),
        ]
        permissions = [("end_loginsession", _("Can end login sessions"))]

    def __str__(self) -> str:
        return f"{self.public_id[:8]}…"

    @property
    def person(self) -> WeChatUser:
        """The person of the session. Raises ``LookupError`` after they were erased."""
        if self.wechat_user is None:
            raise LookupError("the person of this session is erased")
        return self.wechat_user

    def is_over(self, at: datetime) -> bool:
        """True if the session was ended, or is past its absolute or idle limit."""
        return self.ended_at is not None or at >= min(self.expires_at, self.last_seen_at + conf.SESSION_IDLE)
