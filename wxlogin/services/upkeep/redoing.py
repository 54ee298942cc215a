"""Redo the decisions about people that a restore undid, as far as lines of the log tell them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from django.conf import settings
from django.db import Error
from django.utils import translation
from django.utils.translation import gettext

from wxlogin.exceptions import StorageUnavailable
from wxlogin.masking import person_hashes
from wxlogin.models import CarriedBlock, StaffAct, WeChatUser
from wxlogin.models.batches import rows_in_batches
from wxlogin.models.clock import database_time
from wxlogin.models.users import has_active_column, lock_users
from wxlogin.services import blocking, erasure, events
from wxlogin.services.decisions import Decision
from wxlogin.transactions import in_one_transaction

from .logged import Entry

BATCH = 1_000
CHANGED_SINCE = "if need be: an earlier run redid all, so it was changed since"


@dataclass(frozen=True)
class Task:
    """A decision that isn't in force. ``redo`` is None if only people can redo it: ``remark`` says why."""

    entry: Entry
    identity: int | None = None
    redo: Callable[[], object] | None = None
    remark: str = ""

    def run(self) -> str:
        """Redo the decision, and return a problem, "" if there was none."""
        try:
            if self.redo:
                self.redo()
        except StorageUnavailable:
            return "the storage of the pictures failed"
        # A receiver of the project may raise anything, and the other tasks still have to be done. The text of the
        # exception may quote a row.
        except Exception as exc:  # noqa: BLE001
            return "" if self._is_gone() else type(exc).__name__
        return ""

    def _is_gone(self) -> bool:
        """True if the person was erased meanwhile, by another run or at their own wish."""
        try:
            return self.identity is not None and not WeChatUser.objects.with_user_by_id([self.identity])
        except Error:
            return False


@dataclass
class Wanted:
    """The state of one person that the log describes."""

    block: Entry | None = None
    disabled: Entry | None = None
    erased: Entry | None = None
    moved: Entry | None = None
    withdrawn: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def by(cls, entries: Iterable[Entry]) -> "Wanted":
        """Return the state after these entries. Of two about the same, the later one counts."""
        wanted = cls()
        for entry in sorted(entries, key=lambda entry: entry.at):
            wanted.add(entry)
        return wanted

    def add(self, entry: Entry) -> None:
        match entry.decision:
            case Decision.BLOCKED | Decision.UNBLOCKED:
                self.block = entry
            case Decision.DISABLED:
                self.disabled = entry
            case Decision.ERASED:
                self.erased = entry
            case Decision.MOVED:
                self.moved = entry
            case Decision.WITHDRAWN:
                self.withdrawn[entry.facts.get("items", "")] = entry


class Known(NamedTuple):
    """A person whom the log names, with the hashes of their identity and with what the log says."""

    person: WeChatUser
    hashes: list[str]
    wanted: Wanted

    @property
    def is_erased(self) -> bool:
        """True if the row in the database is the one that was erased. A person who came back since is another row."""
        return self.wanted.erased is not None and self.person.created_at <= self.wanted.erased.at


def find_tasks(entries: Iterable[Entry], *, is_redone: bool = False) -> list[Task]:
    """Return what is to be redone, in an order in which it can be. Reads all people once, in batches.

    ``is_redone``: an earlier run has redone it all. What differs now was changed since, or is in this log only.
    """
    by_hash: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_hash[entry.person].append(entry)
    people = _recognise(by_hash)
    erased = {known.person.pk for known in people if known.is_erased}
    tasks = [task for known in people for task in _tasks_of(known, erased, is_redone)]
    missing = by_hash.keys() - set(chain.from_iterable(known.hashes for known in people))
    return tasks + list(_tasks_of_missing({hash_: Wanted.by(by_hash[hash_]) for hash_ in sorted(missing)}))


def _recognise(by_hash: dict[str, list[Entry]]) -> list[Known]:
    """Return the people whom the log names. A person may have a hash for each ``SECRET_KEY``."""
    found = [
        (person.pk, hashes)
        for person in rows_in_batches(WeChatUser.objects.to_recognise(), BATCH)
        if not by_hash.keys().isdisjoint(hashes := person_hashes(person.appid, person.openid))
    ]
    people = WeChatUser.objects.with_user_by_id([pk for pk, _ in found])
    return [
        Known(people[pk], hashes, Wanted.by(chain.from_iterable(by_hash.get(each, []) for each in hashes)))
        for pk, hashes in found
        if pk in people
    ]


def _tasks_of(known: Known, erased: set[int], is_redone: bool) -> Iterator[Task]:
    """Yield the tasks of one person. The erasure comes last, so that it carries the block along."""
    person, hashes, wanted = known
    if wanted.block and not _is_in_force(wanted.block, person) and not _is_outdated(wanted.block, hashes):
        yield Task(wanted.block, person.pk, _change_block(person, wanted.block))
    if wanted.disabled and person.user.is_active:
        if is_redone:
            yield Task(wanted.disabled, person.pk, remark=CHANGED_SINCE)
        elif has_active_column():
            yield Task(
                wanted.disabled, person.pk, lambda: _disable(person), "enable whom staff have enabled since"
            )
        else:
            yield Task(wanted.disabled, person.pk, remark="the user model computes is_active")
    if wanted.moved and wanted.moved.facts.get("target") != str(person.user_id):
        yield Task(wanted.moved, person.pk, remark="merge or split the accounts in the admin")
    for items, entry in wanted.withdrawn.items():
        if events.is_shared(person, set(items.split("."))):
            redo = None if is_redone else _withdraw(person, items)
            yield Task(entry, person.pk, redo, CHANGED_SINCE if is_redone else "")
    if wanted.erased and person.pk in erased:
        yield _erase(wanted.erased, person, erased)


def _tasks_of_missing(missing: dict[str, Wanted]) -> Iterator[Task]:
    """Yield the blocks of people who came after the dump: they would come back as somebody new.

    People who were erased before the dump are missing too. A block of theirs that was lifted since stands in the dump,
    under a fingerprint that the log doesn't know.
    """
    now = database_time()
    kept = CarriedBlock.objects.kept_by_hash(missing)
    others = CarriedBlock.objects.unexpired(now).count() > len(kept)
    for hash_, wanted in missing.items():
        entry = wanted.block
        if entry is None or _is_outdated(entry, [hash_]):
            continue
        if entry.is_block_at(now):
            if hash_ not in kept:
                yield Task(entry, None, _block_at_next_login(entry), "new since the dump")
        elif hash_ in kept:
            yield Task(entry, None, _unblock_at_next_login(entry))
        elif entry.decision == Decision.UNBLOCKED and others:
            yield Task(entry, None, remark="if they are blocked when they come back, unblock them")


def _is_in_force(block: Entry, person: WeChatUser) -> bool:
    now = database_time()
    if not block.is_block_at(now):
        return not person.is_blocked(now)
    return person.is_blocked(now) and person.blocked_until == block.until


def _is_outdated(block: Entry, hashes: list[str]) -> bool:
    """True if the staff log has a later block or unblocking of this person: one since the restore."""
    return any(
        act.created_at > block.at and act.action in (StaffAct.Action.BLOCK, StaffAct.Action.UNBLOCK)
        for act in StaffAct.objects.with_person_hash(hashes)
    )


def _change_block(person: WeChatUser, entry: Entry) -> Callable[[], object]:
    if entry.is_block_at(database_time()):
        return lambda: blocking.block(person, reason=_reason(), until=entry.until)
    return lambda: blocking.unblock(person, reason=_reason())


def _block_at_next_login(entry: Entry) -> Callable[[], object]:
    return lambda: CarriedBlock.objects.keep_by_hash(
        entry.person, blocked_until=entry.until, reason=_reason(), at=database_time()
    )


def _unblock_at_next_login(entry: Entry) -> Callable[[], object]:
    return lambda: CarriedBlock.objects.drop_by_hash(entry.person)


@in_one_transaction
def _disable(person: WeChatUser) -> None:
    # Any user model that has the column.
    users: list[Any] = list(lock_users(person.user))
    for user in users:
        user.is_active = False
        user.save(update_fields=["is_active"])


def _withdraw(person: WeChatUser, items: str) -> Callable[[], object]:
    withdraw = in_one_transaction(events.withdraw)
    return lambda: withdraw(person, set(items.split(".")))


def _erase(entry: Entry, person: WeChatUser, erased: set[int]) -> Task:
    """Return the task that deletes what was deleted: the identity, or the Django user with all identities."""
    is_whole = erased.issuperset(WeChatUser.objects.of_user(person.user).ids())
    is_user_kept = entry.facts.get("user") == "kept"
    if is_whole and (not is_user_kept or erasure.preview(person.user).is_user_kept):
        return Task(entry, person.pk, lambda: erasure.erase(person.user))
    if is_user_kept:
        return Task(entry, person.pk, lambda: _delete_identity(person))
    return Task(entry, person.pk, remark="split it off first: the account has other identities")


@in_one_transaction
def _delete_identity(person: WeChatUser) -> None:
    """Delete an identity and keep its Django user. A block stays, as in an erasure."""
    now = database_time()
    for fresh in WeChatUser.objects.locked([person.pk]):
        fresh.carry_block(now)
        fresh.delete()


def _reason() -> str:
    with translation.override(settings.LANGUAGE_CODE):
        return gettext("As before the database was restored.")
