from collections.abc import Iterator
from contextlib import contextmanager

from django.test.utils import CaptureQueriesContext

from wxlogin import databases

TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the SQL of a ``with`` block, except the statements that begin and end its transaction."""
    found: list[str] = []
    with CaptureQueriesContext(databases.connection()) as captured:
        yield found
    found.extend(
        sql
        for query in captured.captured_queries
        if not (sql := query["sql"]).startswith(TRANSACTION_CONTROL)
    )
