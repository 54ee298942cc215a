from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReceivedPushQuerySet(models.QuerySet["ReceivedPush"]):
    def is_new(self, digest: str, at: datetime, *, is_lasting: bool) -> bool:
        """Note a message; False if it has been here. Needs a transaction: what is undone comes again."""
        return self.get_or_create(digest=digest, defaults={"received_at": at, "is_lasting": is_lasting})[1]


class ReceivedPush(models.Model):
    """That a message from WeChat was acted on. WeChat sends again what it saw no answer to."""

    digest = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField(db_index=True)
    # Remembered for good: sent again by whoever kept a copy, it would harm a person who came back meanwhile.
    is_lasting = models.BooleanField(default=False)

    objects = ReceivedPushQuerySet.as_manager()

    class Meta:
        verbose_name = _("received push")
        verbose_name_plural = _("received pushes")

    def __str__(self) -> str:
        return self.digest[:8]
