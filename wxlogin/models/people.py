from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wxlogin.masking import person_hash, shorten
from wxlogin.wechat.results import Code2Session, PhoneNumber

from . import phones
from .base import OwnModel, UserForeignKey
from .carried_blocks import CarriedBlock
from .clock import DatabaseTime, database_time
from .fields import AwareDateTimeField, ExactCharField, PrivateCharField
from .search import SearchQuerySet


@dataclass(frozen=True)
class UpsertedIdentity:
    """The outcome of ``upsert_identity``, whose time is ``wechat_user.last_login_at``.

    ``is_new_user``: the Django user was made for this login. ``unionid_changed``: the unionid is new or another
    one. ``is_blocked_again``: the identity is new, and was blocked when it was erased earlier.
    """

    wechat_user: "WeChatUser"
    is_new: bool = False
    is_new_user: bool = False
    unionid_changed: bool = False
    is_blocked_again: bool = False


class WeChatUserQuerySet(SearchQuerySet["WeChatUser"]):
    def upsert_identity(
        self, appid: str, identity: Code2Session, *, find_user: Callable[[], tuple[Any, bool]]
    ) -> UpsertedIdentity:
        """Update or insert the row behind one successful code2session call. Needs a transaction.

        ``find_user`` returns the Django user that a new identity belongs to, and whether it was just made. The
        UPDATE comes first: it locks the row, so parallel logins of one person queue up here. The unique
        constraint lets one of several parallel first logins through; the others raise ``IntegrityError``, and
        find the row by its identity when they retry in a new transaction.
        """
        return self._update_known(appid, identity) or self._insert_new(appid, identity, find_user)

    def _update_known(self, appid: str, identity: Code2Session) -> UpsertedIdentity | None:
        person = self.filter(appid=appid, openid=identity.openid)
        if not person.update(last_login_at=DatabaseTime()):
            return None
        # The UPDATE may have waited for the row, so its own time doesn't set the database's clock.
        wechat_user = person.select_related("user", "session_key").annotate(read_at=DatabaseTime()).get()
        # WeChat may leave the unionid out. A known unionid stays.
        changed = bool(identity.unionid) and identity.unionid != wechat_user.unionid
        if changed:
            wechat_user.unionid = identity.unionid
            wechat_user.save(update_fields=["unionid"])
        return UpsertedIdentity(wechat_user, unionid_changed=changed)

    def _insert_new(
        self, appid: str, identity: Code2Session, find_user: Callable[[], tuple[Any, bool]]
    ) -> UpsertedIdentity:
        at = database_time()
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
        return UpsertedIdentity(
            wechat_user,
            is_new=True,
            is_new_user=is_new_user,
            unionid_changed=bool(identity.unionid),
            is_blocked_again=wechat_user.is_blocked(at),
        )

    def find(self, appid: str, openid: str) -> "WeChatUser | None":
        """Return the person with this identity, with their user."""
        return self.select_related("user").filter(appid=appid, openid=openid).first()

    def of_user(self, user: models.Model) -> "WeChatUserQuerySet":
        """The identities of a Django user over all apps, oldest first."""
        return self.filter(user_id=user.pk).order_by("created_at", "pk")

    def ids(self) -> "models.QuerySet[WeChatUser, int]":
        """Return the primary keys as a lazy queryset: they are read when a caller iterates over them."""
        return self.values_list("pk", flat=True)

    def related_to(self, person: "WeChatUser", appids: Iterable[str]) -> "WeChatUserQuerySet":
        """Other identities of the same user, and those with the same unionid in ``appids``. Oldest first."""
        related = Q(user_id=person.user_id)
        if person.unionid:
            related |= Q(appid__in=appids, unionid=person.unionid)
        others = self.filter(related).exclude(pk=person.pk)
        return others.select_related("user").order_by("created_at", "pk")

    def with_session_key(self) -> "WeChatUserQuerySet":
        return self.select_related("session_key")

    def with_all_data(self) -> "WeChatUserQuerySet":
        """The same people, with everything that is kept about each."""
        return self.with_session_key().prefetch_related("login_sessions", "failures", "staff_acts")

    def locked(self, ids: Iterable[int]) -> "WeChatUserQuerySet":
        """Lock these rows until the transaction ends, in primary-key order so that two callers can't deadlock."""
        return self.filter(pk__in=list(ids)).order_by("pk").select_for_update()

    def lock_one(self, person: "WeChatUser") -> None:
        """Lock a person's row until the transaction ends. It is found by its identity: see ``lock_of``."""
        self.filter(appid=person.appid, openid=person.openid).select_for_update().first()

    def lock_of(self, user: models.Model) -> list["WeChatUser"]:
        """Lock all rows of ``user`` until the transaction ends, and return them.

        Each row is found by its identity, as a login finds it. On MySQL, two transactions that lock one row by
        way of two indexes can deadlock.
        """
        known = list(self.filter(user_id=user.pk).order_by("pk").values("appid", "openid"))
        return [
            person for each in known for person in self.filter(**each, user_id=user.pk).select_for_update()
        ]

    def move(
        self, people: Iterable["WeChatUser"], target: AbstractBaseUser, *, is_split_off: bool
    ) -> list["WeChatUser"]:
        """Give ``people`` to ``target``, and return them fresh, with their user.

        ``is_split_off`` marks them, so that they are no unionid conflict. If it is False, the mark is removed from
        all identities of ``target``: staff say that they are one person.
        """
        ids = [person.pk for person in people]
        self.filter(pk__in=ids).update(user_id=target.pk, is_split_off=is_split_off)
        if not is_split_off:
            self.filter(user_id=target.pk, is_split_off=True).update(is_split_off=False)
        return list(self.filter(pk__in=ids).select_related("user"))

    def delete_rows(self, people: Iterable["WeChatUser"]) -> None:
        """Delete these rows and the rows that depend on them, but not their picture files."""
        rows = self.filter(pk__in=[person.pk for person in people])
        # A row with a name would delete its file after the commit, when an error can't undo anything.
        rows.update(avatar="")
        rows.delete()

    def with_unionid(self, appids: Iterable[str], unionid: str) -> "WeChatUserQuerySet":
        """People with this unionid in ``appids``, with their users, oldest first."""
        known = self.filter(appid__in=appids, unionid=unionid)
        return known.select_related("user").order_by("created_at", "pk")

    def to_recognise(self) -> "WeChatUserQuerySet":
        """All people, with the columns that ``masking.person_hashes`` needs."""
        return self.only("appid", "openid")

    def with_picture(self) -> "WeChatUserQuerySet":
        """People with the name of a picture, with the columns that ``clear_picture`` reads."""
        return self.exclude(avatar="").only("avatar")

    def picture_names_among(self, names: Iterable[str]) -> set[str]:
        """Return those of ``names`` that a row names as its picture."""
        return set(self.filter(avatar__in=list(names)).values_list("avatar", flat=True))

    def clear_picture(self, person: "WeChatUser") -> bool:
        """Remove the name of the person's picture. False if there is a newer picture meanwhile."""
        return bool(self.filter(pk=person.pk, avatar=person.avatar.name).update(avatar=""))

    def with_user_by_id(self, ids: Iterable[int]) -> dict[int, "WeChatUser"]:
        """Return the people with these primary keys, with their users."""
        return self.select_related("user").in_bulk(list(ids))

    def to_reseal(self) -> "WeChatUserQuerySet":
        """All people, with the columns that ``reseal_phone`` reads."""
        return self.only("appid", "openid", "sealed_phone")

    def reseal_phone(self, person: "WeChatUser") -> bool:
        """Seal the phone with the first encryption key. False if it changed meanwhile. Raises ``CannotOpen``."""
        phone = person.phone
        if phone is None:
            return False
        sealed = phones.seal(phone, appid=person.appid, openid=person.openid)
        same = self.filter(pk=person.pk, sealed_phone=bytes(person.sealed_phone))
        return bool(same.update(sealed_phone=sealed, phone_hash=phones.fingerprint(phone)))


class WeChatUser(OwnModel):
    """One identity: a person within one app, (appid, openid). A Django user may have several."""

    user = UserForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="wechat_users", verbose_name=_("user")
    )
    appid = ExactCharField(_("app"), max_length=32)
    openid = PrivateCharField(_("openid"), max_length=64)
    unionid = PrivateCharField(_("unionid"), max_length=64, blank=True)
    is_split_off = models.BooleanField(
        _("split off"),
        default=False,
        # During an upgrade, a server of the version before inserts rows without this column.
        db_default=False,
        help_text=_("Staff said that this is a person of its own."),
    )
    nickname = PrivateCharField(_("nickname"), max_length=64, blank=True)
    avatar = models.FileField(_("avatar"), upload_to="wxlogin/avatars/", blank=True)
    sealed_phone = models.BinaryField(_("phone"), default=b"", blank=True)
    phone_hash = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    blocked_at = AwareDateTimeField(_("blocked at"), null=True, blank=True, db_index=True)
    blocked_until = AwareDateTimeField(_("blocked until"), null=True, blank=True)
    block_reason = ExactCharField(_("reason for the block"), max_length=200, blank=True)
    block_reason_public = models.BooleanField(_("tell the person the reason"), default=False)
    created_at = AwareDateTimeField(_("created at"), db_index=True)
    last_login_at = AwareDateTimeField(_("last login"), db_index=True)

    objects = WeChatUserQuerySet.as_manager()

    class Meta:
        verbose_name = _("WeChat user")
        verbose_name_plural = _("WeChat users")
        # A row is deleted only together with its Django user.
        default_permissions = ("view", "delete")
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
            # The openid comes first, so that this index also answers the search for an openid in all apps. No
            # other index starts with appid or openid: MySQL might lock a login's row by it, and deadlock.
            models.UniqueConstraint(fields=["openid", "appid"], name="wxlogin_one_openid_per_app")
        ]

    def __str__(self) -> str:
        return shorten(self.openid)

    @property
    def log_hash(self) -> str:
        """The identity as the log and the staff log name it: a short keyed hash."""
        return person_hash(self.appid, self.openid)

    @property
    def has_phone(self) -> bool:
        return bool(self.sealed_phone)

    @property
    def phone(self) -> PhoneNumber | None:
        """The phone in clear, or None. Raises ``CannotOpen``."""
        if not self.sealed_phone:
            return None
        return phones.open_sealed(self.sealed_phone, appid=self.appid, openid=self.openid)

    def store_phone(self, phone: PhoneNumber) -> bool:
        """Seal and store ``phone``. False if the person was deleted meanwhile. Two people may have one phone."""
        sealed = phones.seal(phone, appid=self.appid, openid=self.openid)
        return self.change(sealed_phone=sealed, phone_hash=phones.fingerprint(phone))

    def change(self, **fields: Any) -> bool:
        """Store ``fields``. False if the person was deleted meanwhile."""
        if not type(self).objects.filter(pk=self.pk).update(**fields):
            return False
        for name, value in fields.items():
            setattr(self, name, value)
        return True

    def is_blocked(self, at: datetime) -> bool:
        """True during a block. A block without an end lasts until staff lift it."""
        return self.blocked_at is not None and (self.blocked_until is None or at < self.blocked_until)

    def carry_block(self, at: datetime) -> None:
        """Keep the block, if there is one, for the identity's return: this row is about to be deleted."""
        if self.is_blocked(at):
            CarriedBlock.objects.keep(
                appid=self.appid,
                openid=self.openid,
                blocked_at=self.blocked_at,
                blocked_until=self.blocked_until,
                reason=self.block_reason,
                reason_public=self.block_reason_public,
                at=at,
            )

    def may_log_in(self, at: datetime) -> bool:
        """True if the Django user is active and the identity isn't blocked."""
        return self.user.is_active and not self.is_blocked(at)
