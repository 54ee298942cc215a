"""Lists of any length, paged without counting them."""

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet

from wxlogin.models.estimates import estimated_count

COUNTED = 1_000  # rows of a filtered list; further ones are "more"
PAGES = 200  # that can be turned to: the database walks past all rows before the page


class _Shown(int):
    """A number that is shown as ``text``; themes print it wherever they like."""

    text = ""

    def __new__(cls, number: int, text: str) -> "_Shown":
        shown = super().__new__(cls, number)
        shown.text = text
        return shown

    def __str__(self) -> str:
        return self.text


class QuickPaginator(Paginator):
    """Estimates a whole table, and counts a filtered one only as far as anybody would page."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list).order_by()
        if not rows.query.where and (estimate := estimated_count(rows)):
            return _Shown(estimate, f"≈{estimate}")
        if not rows.query.where:
            return int(rows.count())
        counted = len(rows.values_list("pk", flat=True)[: COUNTED + 1])
        return counted if counted <= COUNTED else _Shown(COUNTED, f"{COUNTED}+")

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, PAGES)
