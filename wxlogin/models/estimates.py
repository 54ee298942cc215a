"""Row counts of whole tables, from the database's statistics."""

from django.db import connections, models

# A smaller table is quick to count, and staff expect an exact number.
EXACT_BELOW = 10_000

ESTIMATES = {
    "postgresql": "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)",
    "mysql": "SELECT table_rows FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_name = %s",
}


def estimated_count(queryset: models.QuerySet) -> int | None:
    """Return the database's own estimate of the whole table. None if the table is small or has no statistics."""
    connection = connections[queryset.db]
    sql = ESTIMATES.get(connection.vendor)
    if sql is None:
        return None
    table = queryset.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            sql, [connection.ops.quote_name(table) if connection.vendor == "postgresql" else table]
        )
        row = cursor.fetchone()
    estimate = row[0] if row else None
    return int(estimate) if estimate is not None and estimate >= EXACT_BELOW else None
