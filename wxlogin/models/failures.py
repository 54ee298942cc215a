from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import ExactCharField
from .people import WeChatUser


class LoginFailureQuerySet(models.QuerySet["LoginFailure"]):
    def forget_people(self, people: list[WeChatUser]) -> None:
        """Of people about to be erased: that something failed stays, not whose it was, from where or with what."""
        self.filter(wechat_user__in=people).update(wechat_user=None, ip=None, client="")


class LoginFailure(models.Model):
    """A login, or another call to WeChat, that was refused, for staff who are asked why.

    Holds no code and no secret. Whose it was is known only where it failed after WeChat had said who asks.
    """

    created_at = models.DateTimeField(_("when"), db_index=True)
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
