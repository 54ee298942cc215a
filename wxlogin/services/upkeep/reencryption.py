"""Moving what is sealed to the first of ``ENCRYPTION_KEYS``, so that the others need not be listed any more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from wxlogin.models import CarriedBlock, SessionKey, WeChatUser
from wxlogin.sealing import vault
from wxlogin.transactions import in_one_transaction
from wxlogin.vault import CannotOpen

BATCH = 500


@dataclass
class Tally:
    """``unopened``: no listed key opens them. They are left as they are."""

    kind: str
    moved: int = 0
    current: int = 0
    unopened: int = 0


@dataclass
class Blocks:
    """``older``: under a listed key that isn't the first, the last of them until ``until``."""

    older: int = 0
    unopened: int = 0
    until: datetime | None = None


def reencrypt() -> Iterator[Tally]:
    """Move session keys and phone numbers, each value by itself: a stop or a second run loses nothing."""
    session_keys = SessionKey.objects.select_related("wechat_user")
    session_keys = session_keys.only("sealed", "wechat_user__appid", "wechat_user__openid")
    people = WeChatUser.objects.only("appid", "openid", "sealed_phone")
    yield _move("session keys", session_keys, "sealed", SessionKey.objects.reseal)
    yield _move("phone numbers", people, "sealed_phone", WeChatUser.objects.reseal_phone)


def carried_blocks() -> Blocks:
    """Those of erased people can't be moved: to know them again takes the key that they were erased under."""
    blocks, keys = Blocks(), vault()
    for block in _walk(CarriedBlock.objects.filter(forgotten_at__gt=timezone.now())):
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


def _move(kind: str, rows: QuerySet[Any], column: str, reseal: Callable[[Any], bool]) -> Tally:
    tally, keys = Tally(kind), vault()
    reseal = in_one_transaction(reseal)
    for row in _walk(rows):
        sealed = getattr(row, column)
        if not sealed:
            continue
        try:
            # False: somebody was quicker, and that was with the first key.
            is_moved = not keys.is_current(sealed) and reseal(row)
        except CannotOpen:
            tally.unopened += 1
        else:
            tally.moved += is_moved
            tally.current += not is_moved
    return tally


def _walk(rows: QuerySet[Any]) -> Iterator[Any]:
    """All of them, those with nothing to move too: to leave them out could keep a statement busy for long."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield from batch
        last = batch[-1].pk
