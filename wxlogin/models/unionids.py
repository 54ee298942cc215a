from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from .base import OwnModel, OwnQuerySet, UserForeignKey
from .fields import ExactCharField, PrivateCharField
from .people import WeChatUser


class UnionidOwnerQuerySet(OwnQuerySet["UnionidOwner"]):
    def lock(self, group: str, unionid: str) -> "UnionidOwner | None":
        """Lock the row until the transaction ends, and return it. A parallel merge may give it another user."""
        return self.select_for_update().filter(group=group, unionid=unionid).first()

    def lock_of(self, *users: models.Model) -> None:
        """Lock the rows of ``users`` until the transaction ends, each by its unionid, as a login locks it.

        Who locks users too does this first: a login that joins a user holds the owner row, and then needs the
        user's row for its foreign key, which MySQL locks. A deadlock is still possible with the login of a known
        person whose unionid is new: it locks the person's row first. It is retried.
        """
        known = self.filter(user_id__in=[user.pk for user in users]).values_list("group", "unionid")
        for group, unionid in sorted(known):
            self.lock(group, unionid)

    def set_owner(
        self, owner: "UnionidOwner | None", group: str, unionid: str, user: AbstractBaseUser
    ) -> None:
        """Make ``user`` the owner. Raises ``IntegrityError`` if a parallel login inserted the row first."""
        if owner is None:
            self.create(group=group, unionid=unionid, user_id=user.pk)
        elif owner.user_id != user.pk:
            self.filter(pk=owner.pk).update(user_id=user.pk)

    def insert_if_missing(self, group: str, unionid: str, user: AbstractBaseUser) -> None:
        """Make ``user`` the owner, unless the unionid has an owner."""
        self.get_or_create(group=group, unionid=unionid, defaults={"user_id": user.pk})

    def move(self, source: AbstractBaseUser, target: AbstractBaseUser) -> None:
        """Make ``target`` the owner of all unionids of ``source``."""
        self.filter(user_id=source.pk).update(user_id=target.pk)

    def delete_for(self, user: AbstractBaseUser, unionids: Iterable[str]) -> None:
        """Delete the rows of a user whose identities, with ``unionids``, were just erased.

        Also delete rows of these unionids that name another user, unless an identity still has the unionid.
        """
        self.filter(user_id=user.pk).delete()
        known = WeChatUser.objects.filter(unionid__in=unionids).values("unionid")
        self.filter(unionid__in=unionids).exclude(unionid__in=known).delete()


class UnionidOwner(OwnModel):
    """The Django user that new identities with this unionid join, within one open-platform group.

    This row doesn't say who has the unionid: ``WeChatUser`` does, conflicts included. An owner without an
    identity with the unionid doesn't count. Two parallel first logins of one person in two apps race for the
    unique row, so that only one of them makes a Django user.
    """

    group = ExactCharField(_("open-platform group"), max_length=64)
    unionid = PrivateCharField(_("unionid"), max_length=64)
    user = UserForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))

    objects = UnionidOwnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("unionid owner")
        verbose_name_plural = _("unionid owners")
        constraints = [
            models.UniqueConstraint(fields=["group", "unionid"], name="wxlogin_one_owner_per_unionid")
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.pk}"
