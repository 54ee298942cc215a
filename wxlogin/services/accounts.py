"""The Django user behind WeChat users: made, found by unionid, merged, split."""

import base64
import secrets
from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, models, transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from wxlogin import signals
from wxlogin.conf import conf
from wxlogin.exceptions import CannotMerge
from wxlogin.log import log
from wxlogin.models import StaffAct, UnionidOwner, WeChatUser
from wxlogin.transactions import in_one_transaction
from wxlogin.wechat.results import Code2Session

from . import sessions
from .staff_log import Action, Staff, record

MOST_RELATED = 50


def create_user(*, appid: str, openid: str, unionid: str) -> AbstractBaseUser:
    """The default ``USER_FACTORY``: a saved user with an unusable password and no rights.

    Runs inside the transaction that stores the identity: if another first login of the same person is
    quicker, this user is rolled back with it.
    """
    User = get_user_model()
    users, name = User._base_manager, derive_username(appid, openid)  # the project's own may hide some
    # Nobody's mailbox: .invalid never resolves.
    has_mail = isinstance(User._meta.get_field(User.USERNAME_FIELD), models.EmailField)
    domain = "@wechat.invalid" if has_mail else ""
    if users.filter(**{User.USERNAME_FIELD: name + domain}).exists():
        # A kept account that the person was unlinked from: they come back as somebody new.
        name = f"{name}_{secrets.token_hex(4)}"
    user = User(**{User.USERNAME_FIELD: name + domain})
    user.set_unusable_password()
    user.save()
    return user


def derive_username(appid: str, openid: str) -> str:
    """Always the same for one identity, and tells nothing about it."""
    digest = salted_hmac("wxlogin.username", f"{appid}\0{openid}", algorithm="sha256").digest()
    return "wx_" + base64.b32encode(digest[:15]).decode().lower()


def find_user(appid: str, identity: Code2Session) -> tuple[AbstractBaseUser, bool]:
    """Whom a new identity belongs to, and whether that user was made just now. Needs a transaction.

    Somebody known is found only by a unionid of the same declared open-platform group, and never in a staff
    account: whoever controls a mini-program could else log in as its operator.
    """
    group, appids = conf.group_of(appid)
    if not group or not identity.unionid:
        return _make_user(appid, identity), True
    # The unique row is what parallel first logins compete for: who loses starts anew and finds the winner.
    owner = UnionidOwner.objects.locked(group, identity.unionid)
    known = _joinable(appids, identity.unionid, preferred=owner.user_id if owner else None)
    user = known or _make_user(appid, identity)
    UnionidOwner.objects.point(owner, group, identity.unionid, user)
    return user, known is None


def unionid_came(wechat_user: WeChatUser) -> None:
    """To be called in the transaction that stored a unionid that is new for ``wechat_user``.

    Further apps of the group join its user, unless somebody has the unionid already: then nothing is merged,
    and once the login is committed ``unionid_conflict`` is sent.
    """
    group, appids = conf.group_of(wechat_user.appid)
    if not group:
        return
    UnionidOwner.objects.get_or_create(
        group=group, unionid=wechat_user.unionid, defaults={"user": wechat_user.user}
    )
    others = WeChatUser.objects.with_unionid(appids, wechat_user.unionid).exclude(user=wechat_user.user)
    if conflicting := list(others):
        transaction.on_commit(lambda: _report_conflict(wechat_user, conflicting), robust=True)


def _report_conflict(wechat_user: WeChatUser, others: list[WeChatUser]) -> None:
    log("unionid conflict", appid=wechat_user.appid, user=wechat_user.user_id)
    signals.unionid_conflict.send(sender=WeChatUser, wechat_user=wechat_user, others=others)


@in_one_transaction
def merge_accounts(
    source: AbstractBaseUser, target: AbstractBaseUser, *, staff: Staff, reason: str
) -> list[WeChatUser]:
    """Move all of ``source``'s identities, and with them their sessions, to ``target``.

    Returns what moved. ``accounts_merged`` is sent inside the transaction, so that a project re-points its
    own rows along or, by raising, stops the merge. ``source`` stays, without identities. Raises
    ``CannotMerge`` for one and the same user, for staff accounts and for users who are gone, ``ValueError`` for a reason that is
    empty or longer than 200 characters.
    """
    lock(source, target)
    _refuse_staff(source, target)
    if source.pk == target.pk:
        raise CannotMerge("same_user")
    # First these: a login about to join source holds one, and its identity is there once we get it.
    UnionidOwner.objects.filter(user_id=source.pk).update(user_id=target.pk)
    identities = WeChatUser.objects.filter(user_id=source.pk)
    moved = _move(identities, source, target, Action.MERGE, staff=staff, reason=reason)
    signals.accounts_merged.send(sender=StaffAct, source=source, target=target)
    return moved


@in_one_transaction
def split_identity(wechat_user: WeChatUser, *, staff: Staff, reason: str) -> AbstractBaseUser:
    """Give one identity, with its sessions, a new Django user of its own; that user.

    Whoever still has the unionid keeps being joined by it; if that is the new user alone, the new user.
    Raises ``CannotMerge`` for a staff account or a person who is gone, and ``ValueError`` as ``merge_accounts`` does.
    """
    _refresh(wechat_user)
    source = wechat_user.user
    lock(source)
    _refuse_staff(source)
    target = _make_user(wechat_user.appid, wechat_user)
    identity = WeChatUser.objects.filter(pk=wechat_user.pk, user_id=source.pk)
    if not _move(identity, source, target, Action.SPLIT, staff=staff, reason=reason):
        raise CannotMerge("moved_meanwhile")
    wechat_user.refresh_from_db()
    signals.identity_split.send(sender=StaffAct, wechat_user=wechat_user, source=source, target=target)
    return target


def identities_of(user: AbstractBaseUser) -> list[WeChatUser]:
    """Oldest first, over all apps."""
    return list(WeChatUser.objects.filter(user_id=user.pk).order_by("created_at", "pk"))


def related_to(wechat_user: WeChatUser) -> list[WeChatUser]:
    """The other identities of the person's account, and those with the same unionid in the same group."""
    _group, appids = conf.group_of(wechat_user.appid)
    related = models.Q(user_id=wechat_user.user_id)
    if wechat_user.unionid:
        related |= models.Q(appid__in=appids, unionid=wechat_user.unionid)
    others = WeChatUser.objects.filter(related).exclude(pk=wechat_user.pk)
    return list(others.select_related("user").order_by("created_at", "pk")[:MOST_RELATED])


def is_staff(user: AbstractBaseUser) -> bool:
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))


def _make_user(appid: str, identity: Code2Session | WeChatUser) -> AbstractBaseUser:
    user: AbstractBaseUser = conf.USER_FACTORY(appid=appid, openid=identity.openid, unionid=identity.unionid)
    return user


def _joinable(appids: Iterable[str], unionid: str, *, preferred: object) -> AbstractBaseUser | None:
    """Of the Django users who have the unionid today and aren't staff, the preferred one, else the first."""
    people = WeChatUser.objects.with_unionid(appids, unionid)
    users = [each.user for each in people if not is_staff(each.user)]
    return next((user for user in users if user.pk == preferred), users[0] if users else None)


def lock(*users: AbstractBaseUser) -> list[AbstractBaseUser]:
    """Those of ``users`` that are still there, fresh, and until the end of the transaction nobody else's.

    In one order, so that two merges the other way round don't wait for each other. Not against the check of
    a foreign key, which a login makes while it holds its person's row.
    """
    users_left = get_user_model()._base_manager.filter(pk__in=[user.pk for user in users]).order_by("pk")
    return list(users_left.select_for_update(no_key=connection.features.has_select_for_no_key_update))


def _refresh(row: models.Model) -> None:
    """Raises ``CannotMerge`` if it is gone."""
    try:
        row.refresh_from_db()
    except ObjectDoesNotExist:
        raise CannotMerge("gone") from None


def _refuse_staff(*users: AbstractBaseUser) -> None:
    for user in users:
        _refresh(user)
        if is_staff(user):
            raise CannotMerge("staff_account")


def _move(
    identities: QuerySet[WeChatUser],
    source: AbstractBaseUser,
    target: AbstractBaseUser,
    kind: Action,
    *,
    staff: Staff,
    reason: str,
) -> list[WeChatUser]:
    moved = list(identities)
    ids = [person.pk for person in moved]
    WeChatUser.objects.filter(pk__in=ids).update(user_id=target.pk, is_split_off=kind == Action.SPLIT)
    if kind == Action.MERGE:  # they are one person after all
        WeChatUser.objects.filter(user_id=target.pk, is_split_off=True).update(is_split_off=False)
    record(kind, moved, staff=staff, reason=reason, from_user=str(source.pk), to_user=str(target.pk))
    if not (source.is_active and target.is_active):
        sessions.end_sessions_of_disabled(ids)
    facts = {"source": source.pk, "target": target.pk, "identities": len(ids)}
    transaction.on_commit(lambda: log("identities moved", kind=kind.value, **facts), robust=True)
    return list(WeChatUser.objects.filter(pk__in=ids).select_related("user"))
