"""Forgetting a person, as they asked for or as WeChat demands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone, translation
from django.utils.translation import gettext

from wxlogin import signals
from wxlogin.log import log
from wxlogin.models import CarriedBlock, LoginFailure, LoginSession, StaffAct, UnionidOwner, WeChatUser
from wxlogin.transactions import again_when_outrun, in_one_transaction

from . import accounts, avatars
from .staff_log import Action, Staff, checked_reason, record


@again_when_outrun
@in_one_transaction
def erase(user: AbstractBaseUser) -> None:
    """Erase all that is kept of a Django user's WeChat identities; their next login is a new person.

    The user goes too, unless it is staff's, has a password of its own, or something in the project protects
    it: then it is only unlinked. Sessions stay without a trace of whose they were, so that their tokens are
    answered; a block, or that the account was disabled, stays as ``CarriedBlock``. ``person_erased`` is sent
    inside the transaction. Raises ``StorageUnavailable`` if a picture can't be deleted: then all rows are
    still there, and a second attempt may succeed.
    """
    now = timezone.now()
    # Fresh ones, since a second attempt may follow, and deleting takes an object's primary key away.
    for fresh in accounts.lock(user):
        _erase(fresh, now)


@dataclass(frozen=True)
class Preview:
    """What ``erase`` would take: of everything how much. ``is_user_kept``: see ``erase``."""

    identities: int
    sessions: int
    phones: int
    pictures: int
    session_keys: int
    blocks: int
    is_user_kept: bool


def preview(user: AbstractBaseUser) -> Preview:
    """The dry run of ``erase``; a foreign key that protects the user shows only when it comes to it."""
    now = timezone.now()
    people = list(WeChatUser.objects.filter(user_id=user.pk).select_related("session_key"))
    return Preview(
        identities=len(people),
        sessions=LoginSession.objects.filter(wechat_user__in=people).count(),
        phones=sum(person.has_phone for person in people),
        pictures=sum(bool(person.avatar) for person in people),
        session_keys=sum(hasattr(person, "session_key") for person in people),
        blocks=sum(person.is_blocked(now) or not user.is_active for person in people),
        is_user_kept=not _may_go(user),
    )


@again_when_outrun
@in_one_transaction
def erase_for_staff(user: AbstractBaseUser, *, staff: Staff, reason: str) -> int:
    """``erase``, on record; how many identities there were. Raises ``ValueError`` too, as ``block`` does."""
    checked = checked_reason(reason)
    on_record = partial(record, Action.ERASE, staff=staff, reason=checked, are_going=True)
    return sum([_erase(fresh, timezone.now(), on_record) for fresh in accounts.lock(user)])


def _erase(
    user: AbstractBaseUser, now: datetime, on_record: Callable[[list[WeChatUser]], None] | None = None
) -> int:
    """How many identities went; ``on_record`` is called with them as long as they are there."""
    ended: list[str] = []
    erased: list[WeChatUser] = []
    # Again, since a first login in another app may have joined the user while we waited for its unionid.
    while people := WeChatUser.objects.locked_of(user):
        signals.person_erased.send(sender=WeChatUser, user=user, wechat_users=people)
        if on_record:
            on_record(people)
        _carry_blocks(user, people, now)
        ended += LoginSession.objects.filter(wechat_user__in=people).end_erased(now)
        StaffAct.objects.forget_reasons(user, people)
        LoginFailure.objects.forget_people(people)
        _delete(people)
        UnionidOwner.objects.forget(user, {person.unionid for person in people})
        erased += people
    if not erased:
        return 0  # somebody else was quicker
    is_kept = not _may_go(user) or not _deleted(user)
    transaction.on_commit(lambda: _tell(ended, identities=len(erased), user_kept=is_kept), robust=True)
    for person in erased:  # last: no rollback brings a file back
        avatars.delete_file(person.avatar.name)
    return len(erased)


def _carry_blocks(user: AbstractBaseUser, people: list[WeChatUser], now: datetime) -> None:
    for person in people:
        if not user.is_active and not person.is_blocked(now):
            # Their next user will be active, and must not be a way in.
            person.blocked_at, person.blocked_until, person.block_reason_public = now, None, False
            with translation.override(settings.LANGUAGE_CODE):
                person.block_reason = gettext("The account was disabled when the person was erased.")
        if person.is_blocked(now):
            CarriedBlock.objects.keep(person, now)


def _delete(people: list[WeChatUser]) -> None:
    rows = WeChatUser.objects.filter(pk__in=[person.pk for person in people])
    rows.update(avatar="")  # else each row would take its file along, once it is too late to fail
    rows.delete()


def _may_go(user: AbstractBaseUser) -> bool:
    return not (accounts.is_staff(user) or user.has_usable_password())


def _deleted(user: AbstractBaseUser) -> bool:
    try:
        user.delete()
    except (ProtectedError, RestrictedError):
        return False
    return True


def _tell(ended: list[str], *, identities: int, user_kept: bool) -> None:
    for public_id in ended:
        log("session ended", session=public_id, reason=LoginSession.EndReason.ERASED.value)
    log("person erased", identities=identities, user_kept=user_kept)
