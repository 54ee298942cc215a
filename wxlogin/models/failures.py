from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models import Count, Max
from django.utils.translation import gettext_lazy as _

from .base import OwnModel, OwnQuerySet
from .fields import AwareDateTimeField, ExactCharField
from .people import WeChatUser


class LoginFailureQuerySet(OwnQuerySet["LoginFailure"]):
    def in_app(self, appid: str) -> "LoginFailureQuerySet":
        return self.filter(appid=appid)

    def with_code(self, code: str) -> "LoginFailureQuerySet":
        return self.filter(code=code)

    def with_request_id(self, request_id: str) -> "LoginFailureQuerySet":
        return self.filter(request_id=request_id)

    def newest_first(self) -> "LoginFailureQuerySet":
        """The same failures, newest first."""
        return self.order_by("-created_at", "-pk")

    def of_person_since(self, wechat_user: WeChatUser, since: datetime) -> "LoginFailureQuerySet":
        return self.filter(wechat_user=wechat_user, created_at__gt=since)

    def without_person(
        self,
        appid: str,
        since: datetime,
        *,
        addresses: Iterable[str] | None = None,
        codes: Iterable[str] | None = None,
    ) -> "LoginFailureQuerySet":
        """Failures in one app that have no person. If given, ``addresses`` and ``codes`` narrow them down."""
        rows = self.filter(appid=appid, created_at__gt=since, wechat_user=None)
        if addresses is not None:
            rows = rows.filter(ip__in=addresses)
        return rows if codes is None else rows.filter(code__in=codes)

    def by_meaning(self, most: int) -> list[tuple[str, int | None, int, datetime]]:
        """Group by code and errcode: ``(code, errcode, count, latest)``, the latest ``most`` groups, newest first."""
        groups = (
            self.order_by().values_list("code", "errcode").annotate(Count("pk"), latest=Max("created_at"))
        )
        return list(groups.order_by("-latest")[:most])

    def clear_people(self, people: list[WeChatUser]) -> None:
        """Remove person, IP address and client from failures of people about to be erased. The rows stay."""
        self.filter(wechat_user__in=people).update(wechat_user=None, ip=None, client="")


class LoginFailure(OwnModel):
    """A refused login, or another refused call to WeChat. Staff look here when a person asks why.

    It holds no login code and no secret. The person is known only if WeChat had named them before the failure.
    """

    created_at = AwareDateTimeField(_("when"), db_index=True)
    appid = ExactCharField(_("app"), max_length=32)
    wechat_user = models.ForeignKey(
        WeChatUser, models.SET_NULL, null=True, related_name="failures", verbose_name=_("WeChat user")
    )
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    client = models.CharField(
        _("client version"),
        max_length=32,
        blank=True,
        default="",
        db_default="",
        help_text=_("Of wxlogin's client in the mini-program, as it says itself."),
    )
    code = models.CharField(_("our answer"), max_length=32)
    errcode = models.IntegerField(_("WeChat's errcode"), null=True, blank=True)
    rid = models.CharField(_("WeChat's request id"), max_length=64, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True, db_index=True)
    upstream_ms = models.PositiveIntegerField(_("WeChat's time"), null=True, blank=True)

    objects = LoginFailureQuerySet.as_manager()

    class Meta:
        verbose_name = _("login failure")
        verbose_name_plural = _("login failures")
        default_permissions = ("view", "delete")
        indexes = [
            models.Index(fields=["appid", "created_at"], name="wxlogin_failures_of_app"),
            models.Index(fields=["code", "created_at"], name="wxlogin_failures_by_code"),
            models.Index(fields=["ip", "created_at"], name="wxlogin_failures_from"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.rid}".strip()
