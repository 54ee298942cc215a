"""Queries behind lists of any table: paging by primary key, and filters by time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def is_filtered(rows: QuerySet[Any]) -> bool:
    """True if ``rows`` is a part of its table. A whole table needs no count: see ``estimated_count``."""
    return bool(rows.query.where)


def ids_if_few(rows: QuerySet[Any], most: int) -> list[Any] | None:
    """Return the primary keys of all ``rows``, in no order. None if there are more than ``most``."""
    ids = list(rows.order_by().values_list("pk", flat=True)[: most + 1])
    return None if len(ids) > most else ids


def ids_in_order(rows: QuerySet[Any], most: int, *, skip: int = 0) -> list[Any]:
    """Return the primary keys of at most ``most`` rows after the first ``skip``, in the order of ``rows``.

    The query joins no other table. If whole rows are asked for, a database joins those that it skips, too.
    """
    return list(rows.values_list("pk", flat=True)[skip : skip + most])


def with_ids(rows: QuerySet[M], ids: Iterable[Any]) -> QuerySet[M]:
    return rows.filter(pk__in=list(ids))


def newer_than(rows: QuerySet[M], column: str, at: datetime) -> QuerySet[M]:
    return rows.filter(**{f"{column}__gt": at})


def not_newer_than(rows: QuerySet[M], column: str, at: datetime) -> QuerySet[M]:
    return rows.filter(**{f"{column}__lte": at})


def is_stored(row: Model) -> bool:
    """True if ``row`` is still in its table."""
    return type(row)._default_manager.filter(pk=row.pk).exists()
