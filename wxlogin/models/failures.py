from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import ExactCharField


class LoginFailure(models.Model):
    """A login that was refused, for staff who are asked why. Holds no code and no secret."""

    created_at = models.DateTimeField(_("when"), db_index=True)
    appid = ExactCharField(_("app"), max_length=32)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    code = models.CharField(_("our answer"), max_length=32)
    errcode = models.IntegerField(_("WeChat's errcode"), null=True, blank=True)
    rid = models.CharField(_("WeChat's request id"), max_length=64, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True, db_index=True)

    class Meta:
        verbose_name = _("login failure")
        verbose_name_plural = _("login failures")

    def __str__(self) -> str:
        return f"{self.code} {self.rid}".strip()
