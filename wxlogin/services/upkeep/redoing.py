"""Redo the decisions about people that a restore undid, as far as lines of the log tell them."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from wxlogin.exceptions import StorageUnavailable
from wxlogin.masking import person_hashes
from wxlogin.models import CarriedBlock, WeChatUser
from wxlogin.models.batches import rows_in_batches
from wxlogin.models.clock import database_time
from wxlogin.models.users import has_active_column
from wxlogin.services import blocking, erasure, events
from wxlogin.services.decisions import Decision
from wxlogin.transactions import in_one_transaction

BATCH = 1_000
# Any format of log lines will do, JSON too, as long as a decision's facts stand together.
LINE = re.compile(
    rf"\b(?P<decision>{'|'.join(Decision)}) person=(?P<person>[0-9a-f]{{12}})"
    r" at=(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00)(?P<facts>(?: \w+=[^\s\"]+)*)"
)


@dataclass(frozen=True)
class Entry:
    """One line of the log. ``person`` is the keyed hash of an identity."""

    decision: Decision
    person: str
    at: datetime
    facts: dict[str, str]

    @property
    def until(self) -> datetime | None:
        """The end of a block."""
        return datetime.fromisoformat(self.facts["until"]) if "until" in self.facts else None

    def is_block_at(self, now: datetime) -> bool:
        """True for a block that hasn't ended, False for an unblocking."""
        return self.decision == Decision.BLOCKED and (self.until is None or now < self.until)


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
        return ""


@dataclass
class Wanted:
    """The state of one person that the log describes."""

    block: Entry | None = None
    disabled: Entry | None = None
    erased: Entry | None = None
    moved: Entry | None = None
    withdrawn: dict[str, Entry] = field(default_factory=dict)

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


def read(lines: Iterable[str], since: datetime) -> list[Entry]:
    """Return the decisions since ``since`` that the lines of a log tell, the oldest first."""
    entries = [_entry(found) for line in lines if (found := LINE.search(line))]
    return sorted((entry for entry in entries if entry.at >= since), key=lambda entry: entry.at)


def find_tasks(entries: Iterable[Entry]) -> list[Task]:
    """Return what is to be redone, in an order in which it can be. Reads all people once, in batches."""
    wanted: dict[str, Wanted] = defaultdict(Wanted)
    for entry in entries:
        wanted[entry.person].add(entry)
    people = _recognise(wanted)
    erased = {person.pk for hash_, person in people if _is_erased(person, wanted[hash_])}
    tasks = [task for hash_, person in people for task in _tasks_of(person, wanted[hash_], erased)]
    return tasks + list(_tasks_of_missing(wanted, {hash_ for hash_, _ in people}))


def _entry(found: re.Match[str]) -> Entry:
    facts = dict(each.split("=", 1) for each in found["facts"].split())
    return Entry(Decision(found["decision"]), found["person"], datetime.fromisoformat(found["at"]), facts)


def _recognise(wanted: Iterable[str]) -> list[tuple[str, WeChatUser]]:
    """Return the people whom the log names, each with the hash."""
    hashes = set(wanted)
    found = [
        (known[0], person.pk)
        for person in rows_in_batches(WeChatUser.objects.to_recognise(), BATCH)
        if (known := [each for each in person_hashes(person.appid, person.openid) if each in hashes])
    ]
    people = WeChatUser.objects.with_user_by_id([pk for _, pk in found])
    return [(hash_, people[pk]) for hash_, pk in found if pk in people]


def _is_erased(person: WeChatUser, wanted: Wanted) -> bool:
    """True if the row in the database is the one that was erased. A person who came back since is another row."""
    return wanted.erased is not None and person.created_at <= wanted.erased.at


def _tasks_of(person: WeChatUser, wanted: Wanted, erased: set[int]) -> Iterator[Task]:
    """Yield the tasks of one person. The erasure comes last, so that it carries the block along."""
    if wanted.block and not _is_in_force(wanted.block, person):
        yield Task(wanted.block, person.pk, _change_block(person, wanted.block))
    if wanted.disabled and person.user.is_active:
        if has_active_column():
            yield Task(wanted.disabled, person.pk, _disable(person), "enable whom staff have enabled since")
        else:
            yield Task(wanted.disabled, person.pk, remark="the user model computes is_active")
    if wanted.moved and wanted.moved.facts.get("target") != str(person.user_id):
        yield Task(wanted.moved, person.pk, remark="merge or split the accounts in the admin")
    for items, entry in wanted.withdrawn.items():
        if events.is_shared(person, set(items.split("."))):
            yield Task(entry, person.pk, _withdraw(person, items))
    if wanted.erased and person.pk in erased:
        if erased.issuperset(WeChatUser.objects.of_user(person.user).ids()):
            yield Task(wanted.erased, person.pk, lambda: erasure.erase(person.user))
        else:
            yield Task(
                wanted.erased, person.pk, remark="split it off first: the account has other identities"
            )


def _tasks_of_missing(wanted: dict[str, Wanted], found: set[str]) -> Iterator[Task]:
    """Yield the blocks of people who came after the dump: they would come back as somebody new."""
    now = database_time()
    blocks = {
        hash_: each.block
        for hash_, each in wanted.items()
        if hash_ not in found and each.block and each.block.is_block_at(now)
    }
    for hash_ in blocks.keys() - CarriedBlock.objects.kept_by_hash(blocks):
        yield Task(blocks[hash_], None, _block_at_next_login(blocks[hash_]), "new since the dump")


def _is_in_force(block: Entry, person: WeChatUser) -> bool:
    now = database_time()
    if not block.is_block_at(now):
        return not person.is_blocked(now)
    return person.is_blocked(now) and person.blocked_until == block.until


def _change_block(person: WeChatUser, entry: Entry) -> Callable[[], object]:
    if entry.is_block_at(database_time()):
        return lambda: blocking.block(person, reason=_reason(), until=entry.until)
    return lambda: blocking.unblock(person, reason=_reason())


def _block_at_next_login(entry: Entry) -> Callable[[], object]:
    return lambda: CarriedBlock.objects.keep_by_hash(
        entry.person, blocked_until=entry.until, reason=_reason(), at=database_time()
    )


def _disable(person: WeChatUser) -> Callable[[], object]:
    def disable() -> None:
        person.user.is_active = False
        person.user.save(update_fields=["is_active"])

    return disable


def _withdraw(person: WeChatUser, items: str) -> Callable[[], object]:
    withdraw = in_one_transaction(events.withdraw)
    return lambda: withdraw(person, set(items.split(".")))


def _reason() -> str:
    with translation.override(settings.LANGUAGE_CODE):
        return gettext("As before the database was restored.")
