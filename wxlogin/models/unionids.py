from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import ExactCharField
from .people import WeChatUser


class UnionidOwnerQuerySet(models.QuerySet["UnionidOwner"]):
    def locked(self, group: str, unionid: str) -> "UnionidOwner | None":
        """The row, until the end of the transaction nobody else's: a merge may be about to re-point it."""
        return self.select_for_update().filter(group=group, unionid=unionid).first()

    def point(self, owner: "UnionidOwner | None", group: str, unionid: str, user: AbstractBaseUser) -> None:
        """Make ``user`` the owner. Raises ``IntegrityError`` where somebody else was quicker to be the first."""
        if owner is None:
            self.create(group=group, unionid=unionid, user_id=user.pk)
        elif owner.user_id != user.pk:
            self.filter(pk=owner.pk).update(user_id=user.pk)

    def forget(self, user: AbstractBaseUser, unionids: Iterable[str]) -> None:
        """Once ``user``'s identities are erased; of ``unionids`` those stay that somebody else has too."""
        self.filter(user_id=user.pk).delete()
        known = WeChatUser.objects.filter(unionid__in=unionids).values("unionid")
        self.filter(unionid__in=unionids).exclude(unionid__in=known).delete()


class UnionidOwner(models.Model):
    """Whose new identities a unionid brings, within one open-platform group.

    Not the truth about who has which unionid, that is in ``WeChatUser``, conflicts included: an owner without
    such an identity is none. The unique row is what two first logins of one person in two apps compete for,
    so that one of them makes the user.
    """

    group = ExactCharField(_("open-platform group"), max_length=64)
    unionid = ExactCharField(_("unionid"), max_length=64)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )

    objects = UnionidOwnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("unionid owner")
        verbose_name_plural = _("unionid owners")
        constraints = [
            models.UniqueConstraint(fields=["group", "unionid"], name="wxlogin_one_owner_per_unionid")
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.pk}"
