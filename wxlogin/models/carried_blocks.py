from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from wxlogin.conf import conf
from wxlogin.masking import person_hashes
from wxlogin.sealing import vault
from wxlogin.secret import Secret
from wxlogin.vault import CannotOpen

from .base import OwnModel, OwnQuerySet
from .fields import AwareDateTimeField

PURPOSE = "erased block"


class CarriedBlockQuerySet(OwnQuerySet["CarriedBlock"]):
    def keep(
        self,
        *,
        appid: str,
        openid: str,
        blocked_at: datetime | None,
        blocked_until: datetime | None,
        reason: str,
        reason_public: bool,
        at: datetime,
    ) -> None:
        """Keep the block of an identity that is about to be erased, until it ends or ``RETENTION`` is over."""
        self._keep(
            _fingerprints(appid, openid)[0],
            blocked_at=blocked_at,
            blocked_until=blocked_until,
            reason=reason,
            reason_public=reason_public,
            at=at,
        )

    def keep_by_hash(self, person: str, *, blocked_until: datetime | None, reason: str, at: datetime) -> None:
        """Keep the block of an identity of which only the hash in the log is known."""
        self._keep(person, blocked_at=at, blocked_until=blocked_until, reason=reason, at=at)

    def _keep(
        self,
        fingerprint: str,
        *,
        blocked_at: datetime | None,
        blocked_until: datetime | None,
        reason: str,
        at: datetime,
        reason_public: bool = False,
    ) -> None:
        forgotten_at = at + conf.RETENTION
        self.update_or_create(
            fingerprint=fingerprint,
            defaults={
                "blocked_at": blocked_at,
                "blocked_until": blocked_until,
                "sealed_reason": vault().seal(Secret(reason), bound_to=(PURPOSE, fingerprint)),
                "reason_public": reason_public,
                "forgotten_at": min(blocked_until or forgotten_at, forgotten_at),
            },
        )

    def kept_by_hash(self, hashes: Iterable[str]) -> set[str]:
        """Return those of ``hashes`` for which ``keep_by_hash`` keeps a block."""
        return set(self.filter(fingerprint__in=list(hashes)).values_list("fingerprint", flat=True))

    def drop_by_hash(self, person: str) -> None:
        """Remove a block that ``keep_by_hash`` keeps."""
        self.filter(fingerprint=person).delete()

    def take(self, appid: str, openid: str, at: datetime) -> dict[str, Any]:
        """Remove the block of an erased identity that comes back, and return it as fields of ``WeChatUser``.

        Return an empty dict if there is none, or if its time is over.
        """
        known_by = [*_fingerprints(appid, openid), *person_hashes(appid, openid)]
        carried = self.filter(fingerprint__in=known_by).first()
        if carried is None:
            return {}
        self.filter(fingerprint__in=known_by).delete()
        return carried.fields if at < carried.forgotten_at else {}

    def unexpired(self, at: datetime) -> "CarriedBlockQuerySet":
        """Blocks whose time is not over yet."""
        return self.filter(forgotten_at__gt=at)


class CarriedBlock(OwnModel):
    """The block of an erased identity. The row doesn't say who was blocked, but recognises the person who returns."""

    fingerprint = models.CharField(max_length=64, unique=True)
    blocked_at = AwareDateTimeField(_("blocked at"))
    blocked_until = AwareDateTimeField(_("blocked until"), null=True)
    sealed_reason = models.BinaryField()
    reason_public = models.BooleanField(default=False)
    forgotten_at = AwareDateTimeField(db_index=True)

    objects = CarriedBlockQuerySet.as_manager()

    class Meta:
        verbose_name = _("block of an erased person")
        verbose_name_plural = _("blocks of erased people")

    def __str__(self) -> str:
        return self.fingerprint[:8]

    @property
    def fields(self) -> dict[str, Any]:
        """The block as fields of ``WeChatUser``."""
        return {
            "blocked_at": self.blocked_at,
            "blocked_until": self.blocked_until,
            "block_reason": self._reason(),
            "block_reason_public": self.reason_public,
        }

    def reveal_reason(self) -> str:
        """Return the reason in clear. Raises ``CannotOpen``."""
        return vault().open(self.sealed_reason, bound_to=(PURPOSE, self.fingerprint)).reveal()

    def _reason(self) -> str:
        try:
            return self.reveal_reason()
        except CannotOpen:
            # The block still counts if its key is gone and nobody can read the reason any more.
            return ""


def _fingerprints(appid: str, openid: str) -> list[str]:
    return vault().fingerprints(Secret(f"{appid}\0{openid}"), purpose=PURPOSE)
