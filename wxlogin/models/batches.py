"""Long tables in batches, so that each statement is quick, however large the table is."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet


def rows_in_batches(rows: QuerySet[Any], size: int) -> Iterator[Any]:
    """Yield all of ``rows`` in primary-key order, ``size`` for each statement."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:size]):
        yield from batch
        last = batch[-1].pk


def keys_in_batches(rows: QuerySet[Any], size: int) -> Iterator[list[Any]]:
    """Yield the primary keys of ``rows`` in their order, ``size`` for each statement."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:size]):
        yield batch
        last = batch[-1]


def older_in_batches(
    rows: QuerySet[Any], moment: str, *, before: datetime, size: int
) -> Iterator[QuerySet[Any]]:
    """Yield ``rows`` whose indexed time ``moment`` lies before ``before``, oldest first, ``size`` at most at a time.

    The walk passes every old row of the table once, along the index, and applies the filters of ``rows`` to each
    batch: a filter that few rows match could keep one statement busy for long.
    """
    old = rows.model._default_manager.filter(**{f"{moment}__lt": before}).order_by(moment, "pk")
    ahead = old
    while batch := list(ahead.values_list(moment, "pk")[:size]):
        # The keys as a list, since MySQL can't limit a DELETE.
        yield rows.filter(**{f"{moment}__lt": before}, pk__in=[pk for _, pk in batch])
        at, pk = batch[-1]
        ahead = old.filter(Q(**{f"{moment}__gt": at}) | Q(pk__gt=pk), **{f"{moment}__gte": at})


def delete_batch(batch: QuerySet[Any]) -> int:
    """Delete the rows of ``batch``, and return how many rows of its own model went."""
    _, of_model = batch.delete()
    return of_model.get(batch.model._meta.label, 0)
