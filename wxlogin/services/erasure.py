"""Erasing a person, because they, staff or WeChat ask for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import ProtectedError, RestrictedError
from django.utils import translation
from django.utils.translation import gettext

from wxlogin import signals
from wxlogin.clock import utc_now
from wxlogin.log import log
from wxlogin.models import LoginFailure, LoginSession, StaffAct, UnionidOwner, WeChatUser
from wxlogin.models.clock import database_time
from wxlogin.models.users import is_staff, lock_users
from wxlogin.transactions import after_commit, in_one_transaction, retry_lost_race

from . import pictures
from .staff_log import Action, Staff, checked_reason, record


@retry_lost_race
@in_one_transaction
def erase(user: AbstractBaseUser) -> None:
    """Erase everything that is kept about a Django user's WeChat identities. Their next login is a new person.

    The Django user is deleted too. It is only unlinked if it is staff, has a usable password, or is protected by a
    foreign key of the project. Sessions stay as rows without personal data, so that their tokens get an
    answer. A block, and also a disabled account, stays as ``CarriedBlock``. ``person_erased`` is sent inside the
    transaction. Raises ``StorageUnavailable`` if a picture can't be deleted: then all rows are still there, and a
    second attempt may succeed.
    """
    now = database_time()
    for fresh in _lock(user):
        _erase(fresh, now)


@dataclass(frozen=True)
class Preview:
    """Counts of what ``erase`` would delete. ``is_user_kept``: see ``erase``."""

    identities: int
    sessions: int
    phones: int
    pictures: int
    session_keys: int
    blocks: int
    is_user_kept: bool


def preview(user: AbstractBaseUser) -> Preview:
    """Count what ``erase`` would delete. A foreign key that protects the user is only noticed by the real run."""
    now = utc_now()
    people = list(WeChatUser.objects.of_user(user).with_session_key())
    return Preview(
        identities=len(people),
        sessions=LoginSession.objects.of_people(people).count(),
        phones=sum(person.has_phone for person in people),
        pictures=sum(bool(person.avatar) for person in people),
        session_keys=sum(hasattr(person, "session_key") for person in people),
        blocks=sum(person.is_blocked(now) or not user.is_active for person in people),
        is_user_kept=not _may_delete(user),
    )


@retry_lost_race
@in_one_transaction
def erase_for_staff(user: AbstractBaseUser, *, staff: Staff, reason: str) -> int:
    """Erase ``user``, and record the act. Return the number of identities.

    Raises what ``erase`` raises, and ``ValueError`` for a reason that is empty or longer than 200 characters.
    """
    checked = checked_reason(reason)
    record_erasure = partial(record, Action.ERASE, staff=staff, reason=checked, will_be_erased=True)
    now = database_time()
    return sum([_erase(fresh, now, record_erasure) for fresh in _lock(user)])


def _lock(user: AbstractBaseUser) -> list[AbstractBaseUser]:
    """Lock ``user`` and their unionids until the transaction ends. Empty if the user is gone.

    The user is returned fresh, since a retry may follow, and deleting an object removes its primary key.
    """
    UnionidOwner.objects.lock_of(user)
    return lock_users(user)


def _erase(
    user: AbstractBaseUser, now: datetime, record_erasure: Callable[[list[WeChatUser]], None] | None = None
) -> int:
    """Erase all identities of ``user``, and return how many. ``record_erasure`` gets them while they still exist."""
    ended: list[str] = []
    erased: list[WeChatUser] = []
    # Look again: a first login in another app may have joined the user while we waited for the lock on its unionid.
    while people := WeChatUser.objects.lock_of(user):
        signals.person_erased.send(sender=WeChatUser, user=user, wechat_users=people)
        if record_erasure:
            record_erasure(people)
        _carry_blocks(user, people, now)
        ended += LoginSession.objects.of_people(people).end_erased()
        StaffAct.objects.clear_reasons(user, people)
        LoginFailure.objects.clear_people(people)
        WeChatUser.objects.delete_rows(people)
        UnionidOwner.objects.delete_for(user, {person.unionid for person in people})
        erased += people
    if not erased:
        # A parallel erasure was quicker.
        return 0
    is_kept = not _may_delete(user) or not _delete_unless_protected(user)
    after_commit(lambda: _log_erasure(ended, identities=len(erased), user_kept=is_kept))
    # Files come last: no rollback brings a file back.
    for person in erased:
        pictures.delete_file(person.avatar.name)
    return len(erased)


def _carry_blocks(user: AbstractBaseUser, people: list[WeChatUser], now: datetime) -> None:
    for person in people:
        is_blocked_for_good = person.is_blocked(now) and person.blocked_until is None
        if not user.is_active and not is_blocked_for_good:
            # Their next Django user will be active. Without a lasting block they could log in again.
            person.blocked_at, person.blocked_until, person.block_reason_public = now, None, False
            with translation.override(settings.LANGUAGE_CODE):
                person.block_reason = gettext("The account was disabled when the person was erased.")
        person.carry_block(now)


def _may_delete(user: AbstractBaseUser) -> bool:
    return not (is_staff(user) or user.has_usable_password())


def _delete_unless_protected(user: AbstractBaseUser) -> bool:
    """Delete the Django user. False if a foreign key of the project protects it."""
    try:
        user.delete()
    except (ProtectedError, RestrictedError):
        return False
    return True


def _log_erasure(ended: list[str], *, identities: int, user_kept: bool) -> None:
    for public_id in ended:
        log("session ended", session=public_id, reason=LoginSession.EndReason.ERASED.value)
    log("person erased", identities=identities, user_kept=user_kept)
