from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Exists, F, Max, Min, OuterRef, Q
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from wxlogin.wechat.results import Code2Session, PhoneNumber

from . import phones
from .carried_blocks import CarriedBlock
from .fields import ExactCharField

FEW, MANY = 1_000, 10_000


def shorten(identifier: str) -> str:
    """Its first and last four characters, and of a short one never more than half."""
    shown = min(4, len(identifier) // 4)
    return f"{identifier[:shown]}…{identifier[len(identifier) - shown :]}"


@dataclass(frozen=True)
class Recorded:
    """``is_new_user``: the Django user was made for this login. ``unionid_changed``: came, or came anew.

    ``is_blocked_again``: the identity is new, and it is one that was erased while it was blocked.
    """

    wechat_user: "WeChatUser"
    is_new: bool = False
    is_new_user: bool = False
    unionid_changed: bool = False
    is_blocked_again: bool = False


class WeChatUserQuerySet(models.QuerySet["WeChatUser"]):
    def record_login(
        self,
        appid: str,
        identity: Code2Session,
        *,
        find_user: Callable[[], tuple[AbstractBaseUser, bool]],
        at: datetime,
    ) -> Recorded:
        """The row behind one successful code2session call. Needs a transaction.

        ``find_user`` answers with whom a new identity belongs to, and whether that user was just made. The
        UPDATE comes first: it takes the row's lock, so parallel logins of one person queue up here. Of
        parallel first logins the unique constraint lets one through; for the others it raises
        ``IntegrityError``, and in a new transaction they find the row, by identity and nothing else.
        """
        known = self._log_in_again(appid, identity, at)
        return known or self._log_in_first(appid, identity, find_user, at)

    def _log_in_again(self, appid: str, identity: Code2Session, at: datetime) -> Recorded | None:
        person = self.filter(appid=appid, openid=identity.openid)
        if not person.update(last_login_at=at):
            return None
        wechat_user = person.select_related("user", "session_key").get()
        # WeChat may leave the unionid out: a known one stays.
        changed = bool(identity.unionid) and identity.unionid != wechat_user.unionid
        if changed:
            wechat_user.unionid = identity.unionid
            wechat_user.save(update_fields=["unionid"])
        return Recorded(wechat_user, unionid_changed=changed)

    def _log_in_first(
        self,
        appid: str,
        identity: Code2Session,
        find_user: Callable[[], tuple[AbstractBaseUser, bool]],
        at: datetime,
    ) -> Recorded:
        user, is_new_user = find_user()
        block = CarriedBlock.objects.take(appid, identity.openid, at)
        wechat_user = self.model(
            user=user,
            appid=appid,
            openid=identity.openid,
            unionid=identity.unionid,
            created_at=at,
            last_login_at=at,
            **block,
        )
        wechat_user.save(force_insert=True)
        return Recorded(
            wechat_user,
            is_new=True,
            is_new_user=is_new_user,
            unionid_changed=bool(identity.unionid),
            is_blocked_again=wechat_user.is_blocked(at),
        )

    def locked(self, ids: Iterable[int]) -> "WeChatUserQuerySet":
        """Until the end of the transaction nobody else's."""
        return self.filter(pk__in=list(ids)).order_by("pk").select_for_update()

    def locked_of(self, user: AbstractBaseUser) -> list["WeChatUser"]:
        """All of ``user``'s, as ``locked``.

        Each by its identity, as a login finds it: who came by another index would meet it in a deadlock on MySQL.
        """
        known = list(self.filter(user=user).order_by("pk").values("appid", "openid"))
        return [person for each in known for person in self.filter(**each, user=user).select_for_update()]

    def with_unionid(self, appids: Iterable[str], unionid: str) -> "WeChatUserQuerySet":
        """Oldest first, with their users."""
        known = self.filter(appid__in=appids, unionid=unionid)
        return known.select_related("user").order_by("created_at", "pk")

    def with_phone(self, text: str) -> "WeChatUserQuerySet":
        """Those with exactly this phone, written as people write it, with or without the country code."""
        return self.filter(phone_hash__in=phones.fingerprints_of(text))

    def reseal_phone(self, person: "WeChatUser") -> bool:
        """Seal it with the first encryption key. False if it changed meanwhile. Raises ``CannotOpen``."""
        phone = person.phone
        if phone is None:
            return False
        sealed = phones.seal(phone, appid=person.appid, openid=person.openid)
        same = self.filter(pk=person.pk, sealed_phone=bytes(person.sealed_phone))
        return bool(same.update(sealed_phone=sealed, phone_hash=phones.fingerprint(phone)))

    def blocked(self, at: datetime) -> "WeChatUserQuerySet":
        without_end_or_before_it = Q(blocked_until=None) | Q(blocked_until__gt=at)
        return self.filter(without_end_or_before_it, blocked_at__isnull=False)

    def not_blocked(self, at: datetime) -> "WeChatUserQuerySet":
        return self.filter(Q(blocked_at=None) | Q(blocked_until__lte=at))

    def of_disabled(self) -> "WeChatUserQuerySet":
        """Of Django users who are inactive, where the user model has a column that says so."""
        return self._by_key(self.filter(user__is_active=False))

    def all_in_conflict(self, groups: Iterable[list[str]]) -> "WeChatUserQuerySet":
        """``in_conflict`` for a whole table: first which unionids have two users, wherever that is, then which
        of these, ``MANY`` at most, are a conflict."""
        # As text, since PostgreSQL knows no smallest UUID. Both columns are in one index, so no row is read.
        user = Cast("user", models.CharField(max_length=64))
        known = self.model.objects.filter(unionid__gt="").order_by().values("unionid")
        shared = known.annotate(one=Min(user), another=Max(user)).exclude(one=F("another"))
        # A list and no subquery: with that the database looks at each person first.
        unionids = list(shared.values_list("unionid", flat=True)[:MANY])
        return self._by_key(self.filter(unionid__in=unionids).in_conflict(groups))

    def _by_key(self, rows: "WeChatUserQuerySet") -> "WeChatUserQuerySet":
        """``rows``, by their keys where they are few.

        Databases look for a rare row along the order that is asked for, through all of the others.
        """
        keys = list(rows.order_by().values_list("pk", flat=True)[: FEW + 1])
        return rows if len(keys) > FEW else self.filter(pk__in=keys)

    def in_conflict(self, groups: Iterable[list[str]]) -> "WeChatUserQuerySet":
        """Those whose unionid belongs to another Django user too, within one of ``groups`` of appids.

        Whom staff split off is no conflict any more, for either side.
        """
        conflict = Q(pk__in=[])
        for appids in groups:
            others = self.model.objects.filter(
                appid__in=appids, unionid=OuterRef("unionid"), is_split_off=False
            )
            conflict |= Q(Exists(others.exclude(user=OuterRef("user"))), appid__in=appids)
        return self.exclude(unionid="").filter(conflict, is_split_off=False)


class WeChatUser(models.Model):
    """A person as one mini-program knows them: (appid, openid). Several may belong to one Django user."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="wechat_users", verbose_name=_("user")
    )
    appid = ExactCharField(_("app"), max_length=32)
    openid = ExactCharField(_("openid"), max_length=64)
    unionid = ExactCharField(_("unionid"), max_length=64, blank=True)
    is_split_off = models.BooleanField(
        _("split off"), default=False, help_text=_("Staff said that this is a person of its own.")
    )
    nickname = ExactCharField(_("nickname"), max_length=64, blank=True)
    avatar = models.FileField(_("avatar"), upload_to="wxlogin/avatars/", blank=True)
    sealed_phone = models.BinaryField(_("phone"), default=b"", blank=True)
    phone_hash = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    blocked_at = models.DateTimeField(_("blocked at"), null=True, blank=True, db_index=True)
    blocked_until = models.DateTimeField(_("blocked until"), null=True, blank=True)
    block_reason = ExactCharField(_("reason for the block"), max_length=200, blank=True)
    block_reason_public = models.BooleanField(_("tell the person the reason"), default=False)
    created_at = models.DateTimeField(_("created at"), db_index=True)
    last_login_at = models.DateTimeField(_("last login"), db_index=True)

    objects = WeChatUserQuerySet.as_manager()

    class Meta:
        verbose_name = _("WeChat user")
        verbose_name_plural = _("WeChat users")
        default_permissions = ("view", "delete")  # deleted only along with the Django user
        permissions = [
            ("block_wechatuser", _("Can block and unblock WeChat users")),
            ("check_sessionkey_wechatuser", _("Can ask WeChat whether a session key holds")),
            ("reset_sessionkey_wechatuser", _("Can reset session keys")),
            ("merge_wechatuser", _("Can merge accounts and split them")),
            ("erase_wechatuser", _("Can erase people")),
            ("reveal_wechatuser", _("Can reveal masked fields of people")),
            ("export_wechatuser", _("Can export people")),
        ]
        indexes = [models.Index(fields=["unionid", "user"], name="wxlogin_people_by_unionid")]
        constraints = [
            # The openid first, so that staff find it in all apps by this very index. There is no other index over
            # appid or openid: MySQL might lock a login's row by it, and meet other logins in a deadlock.
            models.UniqueConstraint(fields=["openid", "appid"], name="wxlogin_one_openid_per_app")
        ]

    def __str__(self) -> str:
        return shorten(self.openid)

    @property
    def has_phone(self) -> bool:
        return bool(self.sealed_phone)

    @property
    def phone(self) -> PhoneNumber | None:
        """Raises ``CannotOpen``."""
        if not self.sealed_phone:
            return None
        return phones.open_sealed(self.sealed_phone, appid=self.appid, openid=self.openid)

    def keep_phone(self, phone: PhoneNumber) -> bool:
        """False if the person was deleted meanwhile. Two people may have one phone."""
        sealed = phones.seal(phone, appid=self.appid, openid=self.openid)
        return self.change(sealed_phone=sealed, phone_hash=phones.fingerprint(phone))

    def change(self, **fields: Any) -> bool:
        """Store ``fields``, unless the person was deleted meanwhile: then False."""
        if not type(self).objects.filter(pk=self.pk).update(**fields):
            return False
        for name, value in fields.items():
            setattr(self, name, value)
        return True

    def is_blocked(self, at: datetime) -> bool:
        """A block without an end lasts until staff lift it."""
        return self.blocked_at is not None and (self.blocked_until is None or at < self.blocked_until)

    def may_log_in(self, at: datetime) -> bool:
        return self.user.is_active and not self.is_blocked(at)
