from django.db import models
from django.utils.translation import gettext_lazy as _

from .base import OwnModel, OwnQuerySet
from .clock import DatabaseTime
from .fields import AwareDateTimeField


class ReceivedPushQuerySet(OwnQuerySet["ReceivedPush"]):
    def purgeable(self) -> "ReceivedPushQuerySet":
        """Messages that may be forgotten: if WeChat sends one again, nothing is harmed."""
        return self.filter(is_lasting=False)

    def insert_if_new(self, digest: str, *, is_lasting: bool) -> bool:
        """Insert a message. False if it came before. Needs a transaction: after a rollback it may come again."""
        facts = {"received_at": DatabaseTime(), "is_lasting": is_lasting}
        return self.get_or_create(digest=digest, defaults=facts)[1]


class ReceivedPush(OwnModel):
    """A message from WeChat that was acted on. WeChat sends a message again if it saw no answer."""

    digest = models.CharField(max_length=64, unique=True)
    received_at = AwareDateTimeField(db_index=True)
    # True if the row is never purged: a replayed message would erase data of a person who has come back since.
    is_lasting = models.BooleanField(default=False)

    objects = ReceivedPushQuerySet.as_manager()

    class Meta:
        verbose_name = _("received push")
        verbose_name_plural = _("received pushes")

    def __str__(self) -> str:
        return self.digest[:8]
