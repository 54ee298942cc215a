from collections import Counter
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.conf import settings
from django.db import connections, models
from django.db.models import Case, Count, F, IntegerField, Max, Min, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Cast, TruncHour
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wxlogin import databases

from .base import OwnModel, OwnQuerySet
from .failures import LoginFailure
from .fields import AwareDateTimeField, ExactCharField
from .people import WeChatUser
from .sessions import LoginSession

HOUR = timedelta(hours=1)
# The upper bounds of the buckets of the latency histogram, in milliseconds.
BUCKETS = [50, 100, 200, 400, 800, 1600, 3200, 6400]
# The bucket of calls that are slower than the last bound.
ABOVE_LAST_BUCKET = 0

NO_CODE = Value("", output_field=models.CharField())
NO_NUMBER = Cast(Value(None), IntegerField())
BUCKET = Case(
    *(When(upstream_ms__lte=bound, then=Value(bound)) for bound in BUCKETS),
    When(upstream_ms__isnull=False, then=Value(ABOVE_LAST_BUCKET)),
    output_field=IntegerField(),
)


class HourlyFigureQuerySet(OwnQuerySet["HourlyFigure"]):
    def settled_until(self) -> datetime | None:
        """Return the end of the last hour that is rolled up, None before the first."""
        latest: datetime | None = self.filter(kind=HourlyFigure.Kind.SETTLED).aggregate(at=Max("hour"))["at"]
        return hour_of(latest) if latest else None

    def claim_hours(self, since: datetime, until: datetime) -> None:
        """Claim the hours of this period. Raises ``IntegrityError`` if another process has claimed one of them.

        A process claims the hours first and rolls them up in the same transaction: a second process then waits,
        and can't overwrite the first one's figures with counts of rows that were purged meanwhile.
        """
        bounds = [since + number * HOUR for number in range((until - since) // HOUR + 1)]
        # When the clocks go back, two hours have the same local time. In a column of local times they are one.
        column, connection = HourlyFigure._meta.get_field("hour"), connections[self.db]
        known = {column.get_db_prep_value(bound, connection): bound for bound in reversed(bounds)}
        ends = sorted(known.values())[1:]
        HourlyFigure.objects.bulk_create(
            [HourlyFigure(kind=HourlyFigure.Kind.SETTLED, hour=end, count=1) for end in ends]
        )

    def upsert(self, figures: list["HourlyFigure"]) -> None:
        """Insert or overwrite. Two processes that roll up the same hour compute the same figures."""
        # MySQL checks every unique index, and accepts no names of columns.
        accepts_names = connections[self.db].features.supports_update_conflicts_with_target
        HourlyFigure.objects.bulk_create(
            figures,
            update_conflicts=True,
            update_fields=["count"],
            unique_fields=["kind", "hour", "appid", "label"] if accepts_names else None,
            batch_size=500,
        )

    def first_event(self, since: datetime | None = None) -> datetime | None:
        """Return the time of the oldest row that is counted, from ``since`` on. None if there is none."""
        oldest = [_oldest(model, since) for model in (LoginSession, LoginFailure, WeChatUser)]
        found: Any = oldest[0].union(*oldest[1:], all=True)
        return min((at for at in found if at), default=None)

    def count_rows(self, since: datetime, until: datetime) -> list["HourlyFigure"]:
        """Compute the figures of these hours from the rows themselves, in one statement. Store nothing."""
        logins = _per_hour(LoginSession, HourlyFigure.Kind.LOGINS, since, until, bucket=BUCKET)
        failures = _per_hour(
            LoginFailure,
            HourlyFigure.Kind.FAILURES,
            since,
            until,
            of_code=F("code"),
            of_errcode=F("errcode"),
            bucket=BUCKET,
        )
        people = _per_hour(WeChatUser, HourlyFigure.Kind.NEW_PEOPLE, since, until)
        counts: Counter[tuple[str, datetime, str, str]] = Counter()
        for kind, hour, appid, code, errcode, bucket, count in logins.union(failures, people, all=True):
            counts[kind, hour, appid, make_label(code, errcode)] += count
            if bucket is not None:
                counts[HourlyFigure.Kind.LATENCY, hour, appid, str(bucket)] += count
        return [
            HourlyFigure(kind=kind, hour=hour, appid=appid, label=label, count=count)
            for (kind, hour, appid, label), count in counts.items()
        ]

    def live_now(self, hour: datetime, at: datetime, appids: list[str]) -> list["HourlyFigure"]:
        """Count the live sessions of each app at ``at``, as figures of ``hour``. One of ``appids`` without any gets a 0."""
        rows = LoginSession.objects.live(at).order_by().values_list("appid").annotate(Count("pk"))
        counts: dict[str, int] = {**dict.fromkeys(appids, 0), **dict(rows)}
        kind = HourlyFigure.Kind.LIVE_SESSIONS
        return [
            HourlyFigure(kind=kind, hour=hour, appid=appid, count=count) for appid, count in counts.items()
        ]

    def per_day(
        self, days: list[datetime], until: datetime
    ) -> "QuerySet[HourlyFigure, tuple[int, str, str, str, int]]":
        """Add up the hours before ``until`` by day: ``(day, kind, appid, label, count)``.

        ``days`` holds the start of each day. The database can't compute it, since MariaDB may have no time zones.
        """
        begun = (When(hour__gte=begin, then=Value(day)) for day, begin in reversed(list(enumerate(days))))
        kinds = [kind for kind in HourlyFigure.Kind if kind not in NOT_SUMMABLE]
        rows = self.filter(kind__in=kinds, hour__gte=days[0], hour__lt=until).order_by()
        return rows.values_list(Case(*begun, output_field=IntegerField()), "kind", "appid", "label").annotate(
            Sum("count")
        )

    def latest_live_sessions(self) -> list["HourlyFigure"]:
        """Return the latest count of live sessions of each app."""
        samples = self.filter(kind=HourlyFigure.Kind.LIVE_SESSIONS)
        latest = samples.order_by().values("kind").annotate(at=Max("hour")).values("at")[:1]
        return list(samples.filter(hour=Subquery(latest)))


class HourlyFigure(OwnModel):
    """A count of events in one hour of one app. It says nothing about any person."""

    class Kind(models.TextChoices):
        LOGINS = "logins", _("logins")
        NEW_PEOPLE = "new_people", _("new people")
        # Label: our code, and the errcode behind it if there is one.
        FAILURES = "failures", _("failures")
        # Label: one of BUCKETS, or ABOVE_LAST_BUCKET.
        LATENCY = "latency", _("upstream latency")
        # Counted at the end of the hour.
        LIVE_SESSIONS = "live_sessions", _("live sessions")
        # The hour that ends here, and all hours before it, are rolled up.
        SETTLED = "settled", _("settled")

    hour = AwareDateTimeField(_("hour"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    appid = ExactCharField(_("app"), max_length=32, blank=True)
    label = models.CharField(_("label"), max_length=48, blank=True)
    count = models.PositiveBigIntegerField(_("count"))

    objects = HourlyFigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("hourly figure")
        verbose_name_plural = _("hourly figures")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "hour", "appid", "label"], name="wxlogin_one_figure_an_hour"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.appid} {self.label} {self.count}"


# The counts of these kinds can't be added up over hours.
NOT_SUMMABLE = (HourlyFigure.Kind.LIVE_SESSIONS, HourlyFigure.Kind.SETTLED)


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour of a time that the database returned."""
    # Without USE_TZ, it is in local time already, and so is what the database truncates.
    in_zone = moment.astimezone(_zone_of_hours()) if settings.USE_TZ else moment
    return in_zone.replace(minute=0, second=0, microsecond=0)


def _zone_of_hours() -> tzinfo:
    """Return the zone that the database truncates times in.

    It is the zone in which the columns hold their times: MySQL and MariaDB know others only if somebody has filled
    their time zone tables.
    """
    connection = databases.connection()
    if connection.features.supports_timezones:
        return UTC
    return connection.timezone or timezone.get_default_timezone()


def make_label(code: str, errcode: int | None) -> str:
    return code if errcode is None else f"{code} {errcode}"


def split_label(label: str) -> tuple[str, int | None]:
    """Return the code and the errcode of a label that ``make_label`` made."""
    code, _space, errcode = label.partition(" ")
    return code, int(errcode) if errcode else None


def _oldest(model: type[models.Model], since: datetime | None) -> QuerySet[Any, Any]:
    rows = model._default_manager.filter(created_at__gte=since) if since else model._default_manager.all()
    as_one = rows.order_by().annotate(everything=Value(1)).values("everything")
    oldest: QuerySet[Any, Any] = as_one.annotate(at=Min("created_at")).values_list("at", flat=True)
    return oldest


def _per_hour(
    model: type[models.Model],
    kind: str,
    since: datetime,
    until: datetime,
    *,
    of_code: Any = NO_CODE,
    of_errcode: Any = NO_NUMBER,
    bucket: Any = NO_NUMBER,
) -> QuerySet[Any, Any]:
    """Count the rows made in these hours: ``(kind, hour, appid, code, errcode, bucket, count)``."""
    rows = model._default_manager.filter(created_at__gte=since, created_at__lt=until).order_by()
    columns = {
        "of_kind": Value(kind, output_field=models.CharField()),
        "hour": TruncHour("created_at", tzinfo=_zone_of_hours()),
        "app": F("appid"),
        "of_code": of_code,
        "of_errcode": of_errcode,
        "bucket": bucket,
    }
    grouped: QuerySet[Any, Any] = rows.values(**columns).annotate(number=Count("pk"))
    return grouped.values_list(*columns, "number")
