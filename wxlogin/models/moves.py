from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .fields import ExactCharField
from .people import WeChatUser


class IdentityMoveQuerySet(models.QuerySet["IdentityMove"]):
    def record(self, identities: list[int], **facts: Any) -> None:
        """A row for each identity that moved, and one also where there was none to move."""
        moved: list[int | None] = [*identities] or [None]
        self.bulk_create(self.model(wechat_user_id=each, **facts) for each in moved)

    def forget_reasons(self, user: AbstractBaseUser, people: list[WeChatUser]) -> None:
        """Of people about to be erased: staff write freely, names and phone numbers too."""
        pk = str(user.pk)
        theirs = (
            Q(wechat_user__in=people) | Q(wechat_user=None, from_user=pk) | Q(wechat_user=None, to_user=pk)
        )
        self.filter(theirs).update(reason="")


class IdentityMove(models.Model):
    """That an identity went from one Django user to another: who did it, when and why. No page changes it.

    The users are kept as text, so that the record outlives them.
    """

    class Kind(models.TextChoices):
        MERGE = "merge", _("accounts merged")
        SPLIT = "split", _("identity split off")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    wechat_user = models.ForeignKey(
        WeChatUser, models.SET_NULL, null=True, related_name="moves", verbose_name=_("WeChat user")
    )
    from_user = models.CharField(_("from user"), max_length=64)
    to_user = models.CharField(_("to user"), max_length=64)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("staff")
    )
    staff_name = ExactCharField(_("name of the staff"), max_length=254, blank=True)
    reason = ExactCharField(_("reason"), max_length=200)
    created_at = models.DateTimeField(_("when"), db_index=True)

    objects = IdentityMoveQuerySet.as_manager()

    class Meta:
        verbose_name = _("identity move")
        verbose_name_plural = _("identity moves")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.from_user} → {self.to_user}"
