"""Re-encryption: sealing everything with the first of ``ENCRYPTION_KEYS``, so that the others can be removed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from wxlogin.models import CarriedBlock, SessionKey, WeChatUser
from wxlogin.models.batches import rows_in_batches
from wxlogin.models.clock import database_time
from wxlogin.sealing import vault
from wxlogin.transactions import in_one_transaction
from wxlogin.vault import CannotOpen

BATCH = 500


@dataclass
class SealedCounts:
    """Counts of one kind of sealed value. No listed key opens the ``unopened`` ones; they stay as they are."""

    kind: str
    moved: int = 0
    current: int = 0
    unopened: int = 0


@dataclass
class CarriedBlockCounts:
    """Counts of carried blocks. ``older`` ones need a listed key other than the first, until ``until`` at most."""

    older: int = 0
    unopened: int = 0
    until: datetime | None = None


def reencrypt() -> Iterator[SealedCounts]:
    """Seal session keys and phone numbers anew. Each value is committed by itself, so a stop loses nothing."""
    yield _reseal("session keys", SessionKey.objects.to_reseal(), "sealed", SessionKey.objects.reseal)
    people = WeChatUser.objects.to_reseal()
    yield _reseal("phone numbers", people, "sealed_phone", WeChatUser.objects.reseal_phone)


def carried_blocks() -> CarriedBlockCounts:
    """Count the blocks of erased people. They can't be moved: only the old key can recognise the person."""
    blocks, keys = CarriedBlockCounts(), vault()
    for block in rows_in_batches(CarriedBlock.objects.unexpired(database_time()), BATCH):
        if keys.is_current(block.sealed_reason):
            continue
        try:
            block.reveal_reason()
        except CannotOpen:
            blocks.unopened += 1
        else:
            blocks.older += 1
            blocks.until = max(blocks.until or block.forgotten_at, block.forgotten_at)
    return blocks


def _reseal(kind: str, rows: QuerySet[Any], column: str, reseal: Callable[[Any], bool]) -> SealedCounts:
    counts, keys = SealedCounts(kind), vault()
    reseal = in_one_transaction(reseal)
    for row in rows_in_batches(rows, BATCH):
        sealed = getattr(row, column)
        if not sealed:
            continue
        try:
            # False if the value changed meanwhile: then it is sealed with the first key already.
            is_moved = not keys.is_current(sealed) and reseal(row)
        except CannotOpen:
            counts.unopened += 1
        else:
            counts.moved += is_moved
            counts.current += not is_moved
    return counts
