from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import ExactCharField


class UnionidOwner(models.Model):
    """Whose new identities a unionid brings, within one open-platform group.

    Not the truth about who has which unionid, that is in ``WeChatUser``, conflicts included. The unique row
    is what two first logins of one person in two apps compete for, so that one of them makes the user.
    """

    group = ExactCharField(_("open-platform group"), max_length=64)
    unionid = ExactCharField(_("unionid"), max_length=64)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )

    class Meta:
        verbose_name = _("unionid owner")
        verbose_name_plural = _("unionid owners")
        constraints = [
            models.UniqueConstraint(fields=["group", "unionid"], name="wxlogin_one_owner_per_unionid")
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.pk}"
