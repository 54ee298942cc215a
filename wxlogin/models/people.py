from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wxlogin.wechat.results import Code2Session

from .fields import ExactCharField


class WeChatUserQuerySet(models.QuerySet["WeChatUser"]):
    def record_login(
        self, appid: str, identity: Code2Session, *, make_user: Callable[[], AbstractBaseUser], at: datetime
    ) -> tuple["WeChatUser", bool]:
        """The row behind one successful code2session call, and whether it is new. Needs a transaction.

        The UPDATE comes first: it takes the row's lock, so parallel logins of one person queue up here. Of
        parallel first logins the unique constraint lets one through; the savepoint takes back the others'
        Django users, and they read the winner's row, by identity and nothing else.
        """
        seen: dict[str, Any] = {"last_login_at": at}
        if identity.unionid:  # WeChat may leave it out: a known one stays
            seen["unionid"] = identity.unionid
        person = self.filter(appid=appid, openid=identity.openid)
        if not person.update(**seen):
            try:
                with transaction.atomic():
                    new = self.model(
                        user=make_user(), appid=appid, openid=identity.openid, created_at=at, **seen
                    )
                    new.save(force_insert=True)
                    return new, True
            except IntegrityError:
                if not person.update(**seen):
                    raise
        return person.select_related("user").get(), False

    def blocked(self, at: datetime) -> "WeChatUserQuerySet":
        without_end_or_before_it = Q(blocked_until=None) | Q(blocked_until__gt=at)
        return self.filter(without_end_or_before_it, blocked_at__isnull=False)


class WeChatUser(models.Model):
    """A person as one mini-program knows them: (appid, openid). Several may belong to one Django user."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="wechat_users", verbose_name=_("user")
    )
    appid = ExactCharField(_("app"), max_length=32)
    openid = ExactCharField(_("openid"), max_length=64)
    unionid = ExactCharField(_("unionid"), max_length=64, blank=True, db_index=True)
    nickname = models.CharField(_("nickname"), max_length=64, blank=True)
    avatar = models.FileField(_("avatar"), upload_to="wxlogin/avatars/", blank=True)
    sealed_phone = models.BinaryField(_("phone"), default=b"", blank=True)
    phone_hash = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    blocked_at = models.DateTimeField(_("blocked at"), null=True, blank=True)
    blocked_until = models.DateTimeField(_("blocked until"), null=True, blank=True)
    block_reason = models.CharField(_("reason for the block"), max_length=200, blank=True)
    block_reason_public = models.BooleanField(_("tell the person the reason"), default=False)
    created_at = models.DateTimeField(_("created at"), db_index=True)
    last_login_at = models.DateTimeField(_("last login"), db_index=True)

    objects = WeChatUserQuerySet.as_manager()

    class Meta:
        verbose_name = _("WeChat user")
        verbose_name_plural = _("WeChat users")
        constraints = [
            models.UniqueConstraint(fields=["appid", "openid"], name="wxlogin_one_row_per_identity")
        ]

    def __str__(self) -> str:
        shown = min(4, len(self.openid) // 4)
        return f"{self.openid[:shown]}…{self.openid[len(self.openid) - shown :]}"

    @property
    def has_phone(self) -> bool:
        return bool(self.sealed_phone)

    def is_blocked(self, at: datetime) -> bool:
        """A block without an end lasts until staff lift it."""
        return self.blocked_at is not None and (self.blocked_until is None or at < self.blocked_until)

    def may_log_in(self, at: datetime) -> bool:
        return self.user.is_active and not self.is_blocked(at)
