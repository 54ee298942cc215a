"""Lists of any length, paged without counting them."""

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Page, Paginator
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
    """Estimates a whole table, and counts a filtered one only as far as anybody would page.

    Keys come first, then the page's rows: databases join all rows before the page too, and look for few rows
    along the order that is asked for, through all of the others.
    """

    keys: list[Any] | None = None
    """All of a filtered list, once it is counted and where they are few."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list).order_by()
        if not rows.query.where:
            estimate = estimated_count(rows)
            return _Shown(estimate, f"≈{estimate}") if estimate else int(rows.count())
        keys = list(rows.values_list("pk", flat=True)[: COUNTED + 1])
        if len(keys) > COUNTED:
            return _Shown(COUNTED, f"{COUNTED}+")
        self.keys = keys
        return len(keys)

    def page(self, number: int | str) -> Page[Any]:
        page = super().page(number)
        bottom = (page.number - 1) * self.per_page
        keys = self.rows().select_related(None).values_list("pk", flat=True)
        page.object_list = self.rows().filter(pk__in=list(keys[bottom : bottom + self.per_page]))
        return page

    def rows(self) -> "QuerySet[Any]":
        """The whole list, by its keys where they are known."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows if self.keys is None else rows.filter(pk__in=self.keys)

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, PAGES)
