from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .base import OwnModel, OwnQuerySet, UserForeignKey
from .fields import AwareDateTimeField, ExactCharField
from .people import WeChatUser


class StaffActQuerySet(OwnQuerySet["StaffAct"]):
    def with_action(self, action: str) -> "StaffActQuerySet":
        return self.filter(action=action)

    def with_person_hash(self, hashes: Iterable[str]) -> "StaffActQuerySet":
        return self.filter(person__in=list(hashes))

    def newest_first(self) -> "StaffActQuerySet":
        """The same acts, newest first."""
        return self.order_by("-created_at")

    def add(self, people: Iterable[WeChatUser], *, will_be_erased: bool, **columns: Any) -> None:
        """Insert a row for each of ``people``, or one row if there are none.

        ``will_be_erased``: the people are about to be erased, so the rows get no foreign key to them.
        """
        rows = [
            StaffAct(
                wechat_user_id=None if will_be_erased else person.pk,
                person=person.log_hash,
                appid=person.appid,
                **columns,
            )
            for person in people
        ]
        StaffAct.objects.bulk_create(rows or [StaffAct(**columns)])

    def clear_reasons(self, user: AbstractBaseUser, people: list[WeChatUser]) -> None:
        """Empty the reasons of acts on people about to be erased: staff may have written names and phone numbers."""
        pk = str(user.pk)
        moved = Q(from_user=pk) | Q(to_user=pk)
        theirs = Q(wechat_user__in=people) | Q(moved, wechat_user=None)
        self.filter(theirs).update(reason="")

    def count_of(self, staff: AbstractBaseUser, action: str, *, since: datetime) -> int:
        return self.filter(staff_id=staff.pk, action=action, created_at__gt=since).count()


class StaffAct(OwnModel):
    """One act of staff on a person: who, what, why, when, from where. Rows are added and never changed.

    ``person`` is the keyed hash that log lines show too, so that the row still names an erased person. The users
    of a merge or split are stored as text for the same reason.
    """

    class Action(models.TextChoices):
        END_SESSIONS = "end_sessions", _("ended login sessions")
        BLOCK = "block", _("blocked")
        UNBLOCK = "unblock", _("unblocked")
        CHECK_SESSION_KEY = "check_session_key", _("asked WeChat about the session key")
        RESET_SESSION_KEY = "reset_session_key", _("reset the session key")
        MERGE = "merge", _("accounts merged")
        SPLIT = "split", _("identity split off")
        ERASE = "erase", _("erased")
        REVEAL = "reveal", _("revealed a masked field")
        EXPORT = "export", _("exported people")

    created_at = AwareDateTimeField(_("when"), db_index=True)
    action = models.CharField(_("what"), max_length=24, choices=Action.choices)
    staff = UserForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("staff")
    )
    staff_name = ExactCharField(_("name of the staff"), max_length=254, blank=True)
    wechat_user = models.ForeignKey(
        WeChatUser, models.SET_NULL, null=True, related_name="staff_acts", verbose_name=_("WeChat user")
    )
    person = models.CharField(_("hash of the person"), max_length=12, blank=True, db_index=True)
    appid = ExactCharField(_("app"), max_length=32, blank=True)
    from_user = models.CharField(_("from user"), max_length=64, blank=True)
    to_user = models.CharField(_("to user"), max_length=64, blank=True)
    reason = ExactCharField(_("reason"), max_length=200, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)

    objects = StaffActQuerySet.as_manager()

    class Meta:
        verbose_name = _("staff log entry")
        verbose_name_plural = _("staff log")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["action", "created_at"], name="wxlogin_acts_by_action")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.person}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row. Raises ``TypeError`` if it is in the table already."""
        if not self._state.adding:
            raise TypeError("the staff log is only added to")
        super().save(*args, **kwargs)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> Any:
        raise TypeError("the staff log is only added to")
