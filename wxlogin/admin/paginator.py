"""Pages of a list of any length, without a count of the whole list."""

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from wxlogin.models.estimates import estimated_count
from wxlogin.models.lists import ids_if_few, ids_in_order, is_filtered, with_ids

# A filtered list is counted up to this number of rows.
MAX_COUNTED = 1_000
# No further page can be opened: the database reads all rows before a page.
MAX_PAGES = 200


class _LabelledNumber(int):
    """A number that prints as ``label``: templates of themes print the count, and this package can't change them."""

    label = ""

    def __new__(cls, number: int, label: str) -> "_LabelledNumber":
        labelled = super().__new__(cls, number)
        labelled.label = label
        return labelled

    def __str__(self) -> str:
        return self.label


class QuickPaginator(Paginator):
    """Estimates the count of a whole table, and counts a filtered list up to ``MAX_COUNTED`` rows.

    A page is read in two queries, primary keys first. In one query, a database would join the rows before the
    page too. It would also look for the few rows of a filter along the sort order, past all other rows.
    """

    ids: list[Any] | None = None
    """The primary keys of a filtered list, once it is counted. None if it has more than ``MAX_COUNTED`` rows."""

    @cached_property
    def count(self) -> int:
        all_rows = cast("QuerySet[Any]", self.object_list)
        if not is_filtered(all_rows):
            estimate = estimated_count(all_rows)
            return _LabelledNumber(estimate, f"≈{estimate}") if estimate else int(all_rows.count())
        self.ids = ids_if_few(all_rows, MAX_COUNTED)
        return _LabelledNumber(MAX_COUNTED, f"{MAX_COUNTED}+") if self.ids is None else len(self.ids)

    def page(self, number: int | str) -> Page[Any]:
        page = super().page(number)
        rows = self.rows()
        skip = (page.number - 1) * self.per_page
        page.object_list = with_ids(rows, ids_in_order(rows, self.per_page, skip=skip))
        return page

    def rows(self) -> "QuerySet[Any]":
        """Return the whole list, selected by primary key if ``count`` has read the keys of a short list."""
        all_rows = cast("QuerySet[Any]", self.object_list)
        return all_rows if self.ids is None else with_ids(all_rows, self.ids)

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, MAX_PAGES)
