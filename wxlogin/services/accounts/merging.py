"""Merging two Django users who are one person, and splitting one who is two."""

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model

from wxlogin import signals
from wxlogin.exceptions import CannotMerge
from wxlogin.models import StaffAct, UnionidOwner, WeChatUser
from wxlogin.models.users import is_staff, lock_users, read_again
from wxlogin.services import sessions
from wxlogin.services.decisions import Decision, log_decision
from wxlogin.services.staff_log import Action, Staff, record
from wxlogin.transactions import in_one_transaction

from .factory import make_user


@in_one_transaction
def merge_accounts(
    source: AbstractBaseUser, target: AbstractBaseUser, *, staff: Staff, reason: str
) -> list[WeChatUser]:
    """Move all identities of ``source``, with their sessions, to ``target``. Return the moved identities.

    ``accounts_merged`` is sent inside the transaction, so that a project can re-point its own rows, or stop the
    merge by raising an exception. ``source`` stays, without identities. Raises ``CannotMerge`` for one and the
    same user, for staff accounts and for users who were deleted, and ``ValueError`` for a reason that is empty or
    longer than 200 characters.
    """
    # A login that is about to join source holds one of its owner rows. Once we have these locks, the identity of
    # that login is there and moves along.
    UnionidOwner.objects.lock_of(source, target)
    lock_users(source, target)
    _refuse_staff(source, target)
    if source.pk == target.pk:
        raise CannotMerge("same_user")
    UnionidOwner.objects.move(source, target)
    identities = list(WeChatUser.objects.of_user(source))
    moved = _move(identities, source, target, Action.MERGE, staff=staff, reason=reason)
    signals.accounts_merged.send(sender=StaffAct, source=source, target=target)
    return moved


@in_one_transaction
def split_identity(wechat_user: WeChatUser, *, staff: Staff, reason: str) -> AbstractBaseUser:
    """Move one identity, with its sessions, to a new Django user, and return that user.

    Later logins with this unionid keep joining the old user, or the new one if the old user has no identity with
    it left. Raises ``CannotMerge`` for a staff account or a person who was deleted, and ``ValueError`` as
    ``merge_accounts`` does.
    """
    _refresh(wechat_user)
    source = wechat_user.user
    lock_users(source)
    _refuse_staff(source)
    target = make_user(wechat_user.appid, wechat_user)
    identities = [each for each in WeChatUser.objects.of_user(source) if each.pk == wechat_user.pk]
    if not _move(identities, source, target, Action.SPLIT, staff=staff, reason=reason):
        raise CannotMerge("moved_meanwhile")
    wechat_user.refresh_from_db()
    signals.identity_split.send(sender=StaffAct, wechat_user=wechat_user, source=source, target=target)
    return target


def _refresh(row: Model) -> None:
    """Read ``row`` anew. Raises ``CannotMerge`` if it was deleted."""
    try:
        read_again(row)
    except ObjectDoesNotExist:
        raise CannotMerge("gone") from None


def _refuse_staff(*users: AbstractBaseUser) -> None:
    for user in users:
        _refresh(user)
        if is_staff(user):
            raise CannotMerge("staff_account")


def _move(
    identities: list[WeChatUser],
    source: AbstractBaseUser,
    target: AbstractBaseUser,
    kind: Action,
    *,
    staff: Staff,
    reason: str,
) -> list[WeChatUser]:
    moved = WeChatUser.objects.move(identities, target, is_split_off=kind == Action.SPLIT)
    record(kind, identities, staff=staff, reason=reason, from_user=str(source.pk), to_user=str(target.pk))
    if not (source.is_active and target.is_active):
        sessions.end_sessions_of_disabled([person.pk for person in identities])
    for person in identities:
        log_decision(Decision.MOVED, person, kind=kind.value, source=source.pk, target=target.pk)
    return moved
