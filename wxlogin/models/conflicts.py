"""Unionid conflicts: one unionid that belongs to two Django users within one open-platform group."""

from collections.abc import Iterable
from typing import Self, TypeVar

from django.db import models
from django.db.models import Exists, F, Max, Min, OuterRef, Q
from django.db.models.functions import Cast

from .base import OwnQuerySet
from .lists import ids_if_few

M = TypeVar("M", bound=models.Model)

# If a filter finds at most this many rows, ``by_key`` selects them by primary key.
MAX_KEYS = 1_000
# The list shows at most this many conflicting unionids.
MAX_UNIONIDS = 10_000


class ConflictQuerySet(OwnQuerySet[M]):
    """The part of ``WeChatUserQuerySet`` that finds conflicts."""

    def in_conflict(self, groups: Iterable[list[str]]) -> Self:
        """Identities whose unionid another Django user has too, within one of ``groups`` of appids.

        An identity that staff split off is in no conflict any more, and causes none.
        """
        conflict = Q(pk__in=[])
        for appids in groups:
            others = self.model._default_manager.filter(
                appid__in=appids, unionid=OuterRef("unionid"), is_split_off=False
            )
            conflict |= Q(Exists(others.exclude(user=OuterRef("user"))), appid__in=appids)
        return self.exclude(unionid="").filter(conflict, is_split_off=False)

    def ids_in_conflict(self, ids: Iterable[int], groups: Iterable[list[str]]) -> set[int]:
        """Return the primary keys among ``ids`` whose identity is in conflict: see ``in_conflict``."""
        rows = self.filter(pk__in=list(ids)).in_conflict(groups)
        return set(rows.values_list("pk", flat=True))

    def all_in_conflict(self, groups: Iterable[list[str]]) -> Self:
        """The same identities as ``in_conflict``, but quick for a whole table.

        First find the unionids that have two users anywhere, then check the groups for these, at most
        ``MAX_UNIONIDS`` of them.
        """
        # The user as text, since PostgreSQL knows no smallest UUID. Both columns are in one index, so no row is read.
        user = Cast("user", models.CharField(max_length=64))
        known = self.model._default_manager.filter(unionid__gt="").order_by().values("unionid")
        shared = known.annotate(one=Min(user), another=Max(user)).exclude(one=F("another"))
        # A list and no subquery: with a subquery the database looks at each person first.
        unionids = list(shared.values_list("unionid", flat=True)[:MAX_UNIONIDS])
        return self.by_key(self.filter(unionid__in=unionids).in_conflict(groups))

    def by_key(self, rows: Self) -> Self:
        """Return ``rows``, selected by primary key if there are at most ``MAX_KEYS``.

        A database looks for a rare row along the index of the sort order, past all other rows.
        """
        ids = ids_if_few(rows, MAX_KEYS)
        return rows if ids is None else self.filter(pk__in=ids)
