"""The usual tests in a host project with more databases than ``default``."""

from collections.abc import Iterable

import pytest


def let_all_use(databases: Iterable[str], items: Iterable[pytest.Item]) -> None:
    """Let each test use ``databases``. A query to another one is an error."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        facts = {**(mark.kwargs if mark else {}), "databases": list(databases)}
        item.add_marker(pytest.mark.django_db(**facts), append=False)
