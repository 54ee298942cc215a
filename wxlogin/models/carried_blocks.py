from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from wxlogin.conf import conf
from wxlogin.sealing import vault
from wxlogin.vault import CannotOpen

if TYPE_CHECKING:
    from .people import WeChatUser

PURPOSE = "erased block"


class CarriedBlockQuerySet(models.QuerySet["CarriedBlock"]):
    def keep(self, wechat_user: "WeChatUser", at: datetime) -> None:
        """Remember the block of somebody who is about to be erased, until it ends or ``RETENTION`` is over."""
        fingerprint = _fingerprints(wechat_user.appid, wechat_user.openid)[0]
        forgotten_at = at + conf.RETENTION
        self.update_or_create(
            fingerprint=fingerprint,
            defaults={
                "blocked_at": wechat_user.blocked_at,
                "blocked_until": wechat_user.blocked_until,
                "sealed_reason": vault().seal(wechat_user.block_reason, bound_to=(PURPOSE, fingerprint)),
                "reason_public": wechat_user.block_reason_public,
                "forgotten_at": min(wechat_user.blocked_until or forgotten_at, forgotten_at),
            },
        )

    def take(self, appid: str, openid: str, at: datetime) -> dict[str, Any]:
        """The block that a new identity brings along from before it was erased, as fields of ``WeChatUser``."""
        carried = self.filter(fingerprint__in=_fingerprints(appid, openid)).first()
        if carried is None:
            return {}
        self.filter(pk=carried.pk).delete()
        return carried.fields if at < carried.forgotten_at else {}


class CarriedBlock(models.Model):
    """That an erased person was blocked. Says nothing about who it was, and recognises them if they return."""

    fingerprint = models.CharField(max_length=64, unique=True)
    blocked_at = models.DateTimeField(_("blocked at"))
    blocked_until = models.DateTimeField(_("blocked until"), null=True)
    sealed_reason = models.BinaryField()
    reason_public = models.BooleanField(default=False)
    forgotten_at = models.DateTimeField(db_index=True)

    objects = CarriedBlockQuerySet.as_manager()

    class Meta:
        verbose_name = _("block of an erased person")
        verbose_name_plural = _("blocks of erased people")

    def __str__(self) -> str:
        return self.fingerprint[:8]

    @property
    def fields(self) -> dict[str, Any]:
        return {
            "blocked_at": self.blocked_at,
            "blocked_until": self.blocked_until,
            "block_reason": self._reason(),
            "block_reason_public": self.reason_public,
        }

    def reveal_reason(self) -> str:
        """Raises ``CannotOpen``."""
        return vault().open(self.sealed_reason, bound_to=(PURPOSE, self.fingerprint))

    def _reason(self) -> str:
        try:
            return self.reveal_reason()
        except CannotOpen:  # the block counts, also where nobody can tell why any more
            return ""


def _fingerprints(appid: str, openid: str) -> list[str]:
    return vault().fingerprints(f"{appid}\0{openid}", purpose=PURPOSE)
