from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wxlogin.sealing import vault
from wxlogin.secret import Secret

from .base import OwnModel, OwnQuerySet
from .clock import DatabaseTime
from .fields import AwareDateTimeField
from .people import WeChatUser


class SessionKeyQuerySet(OwnQuerySet["SessionKey"]):
    def of_person(self, wechat_user: WeChatUser) -> "SessionKey | None":
        """Return the row of a person, fresh, with the person. ``read_at`` is the database's time of this read."""
        read = self.select_related("wechat_user").annotate(read_at=DatabaseTime())  # type: ignore[no-redef]
        return read.filter(wechat_user=wechat_user).first()

    def of_people(self, people: Iterable[WeChatUser | int]) -> "SessionKeyQuerySet":
        return self.filter(wechat_user__in=list(people))

    def in_app(self, appid: str) -> "SessionKeyQuerySet":
        return self.filter(wechat_user__appid=appid)

    def with_state(self, state: str) -> "SessionKeyQuerySet":
        return self.filter(state=state)

    def store(self, wechat_user: WeChatUser, session_key: Secret[str], *, asked_at: datetime) -> bool:
        """Seal and store a session_key that WeChat gave in answer to a call that was sent at ``asked_at``.

        False if a newer call has been answered already: only the key of the latest login is live at WeChat,
        and a slow answer must not bring an older key back. A stored time that hasn't come yet is wrong, so that key
        is replaced.

        A login holds the lock on ``wechat_user``'s row, so no two of them insert. A reset holds no lock: it finds a
        row, and the condition of the UPDATE decides between it and a parallel login.
        """
        seen = {
            "sealed": vault().seal(session_key, bound_to=_binding(wechat_user)),
            "obtained_at": asked_at,
            "checked_at": None,
            "state": SessionKey.State.UNKNOWN,
        }
        if not hasattr(wechat_user, "session_key"):
            self.create(wechat_user=wechat_user, **seen)
            return True
        is_older = Q(obtained_at__lte=asked_at)
        if wechat_user.session_key.obtained_at > asked_at:
            is_older |= Q(obtained_at__gt=DatabaseTime())
        return bool(self.filter(is_older, wechat_user=wechat_user).update(**seen))

    def store_check(self, key: "SessionKey", *, is_live: bool) -> None:
        """Store what WeChat said about ``key``. A dead key is dropped.

        Change nothing if a newer key came meanwhile: WeChat was asked about the older one.
        """
        same, now = self.filter(pk=key.pk, sealed=bytes(key.sealed)), DatabaseTime()
        if is_live:
            same.update(checked_at=now, state=SessionKey.State.VALID)
        else:
            same.update(checked_at=now, state=SessionKey.State.STALE, sealed=b"")

    def held_since_before(self, moment: datetime) -> "SessionKeyQuerySet":
        """Keys that are held and were obtained before ``moment``."""
        return self.filter(obtained_at__lt=moment).exclude(state=SessionKey.State.STALE)

    def drop(self, ids: list[int]) -> int:
        """Drop those of ``ids`` that are among these keys, as keys that WeChat calls dead. Return how many."""
        return self.filter(pk__in=ids).update(state=SessionKey.State.STALE, sealed=b"")

    def oldest_and_newest(self, count: int) -> list["SessionKey"]:
        """Return the first and the last ``count`` rows, each once, with their person."""
        keys = self.select_related("wechat_user")
        both_ends = [*keys.order_by("pk")[:count], *keys.order_by("-pk")[:count]]
        return list({key.pk: key for key in both_ends}.values())

    def to_reseal(self) -> "SessionKeyQuerySet":
        """All rows, with the columns that ``reseal`` reads."""
        rows = self.select_related("wechat_user")
        return rows.only("sealed", "wechat_user__appid", "wechat_user__openid")

    def reseal(self, key: "SessionKey") -> bool:
        """Seal the key with the first encryption key. False if it changed meanwhile. Raises ``CannotOpen``."""
        sealed = vault().seal(key.unseal(), bound_to=_binding(key.wechat_user))
        return bool(self.filter(pk=key.pk, sealed=bytes(key.sealed)).update(sealed=sealed))


class SessionKey(OwnModel):
    """WeChat's key for one (appid, openid). Sealed; it never leaves the server."""

    class State(models.TextChoices):
        UNKNOWN = "unknown", _("not checked")
        VALID = "valid", _("valid")
        STALE = "stale", _("stale")

    wechat_user = models.OneToOneField(
        WeChatUser, models.CASCADE, related_name="session_key", verbose_name=_("WeChat user")
    )
    # Empty from the moment when WeChat says that the key is dead.
    sealed = models.BinaryField(editable=False)
    obtained_at = AwareDateTimeField(_("obtained at"))
    checked_at = AwareDateTimeField(_("checked at"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.UNKNOWN)

    # Set by ``of_person``.
    read_at: datetime

    objects = SessionKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("session key")
        verbose_name_plural = _("session keys")
        default_permissions = ("view", "delete")

    def __str__(self) -> str:
        return f"{_('session key')} {self.pk}"

    @property
    def appid(self) -> str:
        return self.wechat_user.appid

    @property
    def is_held(self) -> bool:
        return bool(self.sealed)

    def unseal(self) -> Secret[str]:
        """Return the session_key itself, for calls to WeChat. Raises ``CannotOpen``; reads ``wechat_user``."""
        return vault().open(self.sealed, bound_to=_binding(self.wechat_user))


def _binding(wechat_user: WeChatUser) -> tuple[str, str, str]:
    return "session_key", wechat_user.appid, wechat_user.openid
