"""Forgetting what is older than ``RETENTION``."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from wxlogin.conf import conf
from wxlogin.models import CarriedBlock, LoginFailure, LoginSession, ReceivedPush
from wxlogin.transactions import in_one_transaction

from .figures import settle

BATCH = 1_000  # rows that a statement looks at, at most: so each is quick, however large the table is


def purge() -> Iterator[tuple[str, int]]:
    """Delete what is too old, a kind at a time; the kind, and how many of it. Nothing goes before it is counted.

    Each batch is committed by itself, so this may be killed, run again, and run twice at once.
    """
    now = timezone.now()
    cutoff = now - conf.RETENTION
    counted = min(cutoff, settle() or cutoff)
    # A session that was over before the cutoff was created before it, and that column has an index.
    # Until its absolute end there may be tokens that ask what became of it.
    over = (Q(ended_at__lt=cutoff) | Q(expires_at__lt=cutoff)) & Q(expires_at__lt=now)
    yield "login sessions", _delete(LoginSession, "created_at", before=counted, only=over)
    yield "login failures", _delete(LoginFailure, "created_at", before=counted)
    passing = Q(is_lasting=False)
    yield "received pushes", _delete(ReceivedPush, "received_at", before=cutoff, only=passing)
    yield "blocks of erased people", _delete(CarriedBlock, "forgotten_at", before=now)


def _delete(model: type[Model], moment: str, *, before: datetime, only: Q | None = None) -> int:
    """How many of ``model`` went; ``moment`` names its indexed time."""
    rows = model._default_manager.filter(**{f"{moment}__lt": before})
    old = rows.filter(only) if only else rows
    return sum(_delete_batch(old.filter(pk__in=ids)) for ids in _walk(rows, moment))


def _walk(rows: QuerySet[Any], moment: str) -> Iterator[list[Any]]:
    """Primary keys, a batch at a time, oldest first. What stays is passed once and not looked at again."""
    ahead = rows = rows.order_by(moment, "pk")
    while batch := list(ahead.values_list(moment, "pk")[:BATCH]):
        yield [pk for _, pk in batch]
        at, pk = batch[-1]
        ahead = rows.filter(Q(**{f"{moment}__gt": at}) | Q(pk__gt=pk), **{f"{moment}__gte": at})


@in_one_transaction
def _delete_batch(old: QuerySet[Any]) -> int:
    """By key, since MySQL can't limit a DELETE."""
    _, of_model = old.delete()
    return of_model.get(old.model._meta.label, 0)
