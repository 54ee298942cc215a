"""How many rows a table has, without counting them."""

from django.db import connections, models

EXACT_BELOW = 10_000  # so few are counted at once, and an estimate of them would look silly

ESTIMATES = {
    "postgresql": "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)",
    "mysql": "SELECT table_rows FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_name = %s",
}


def estimated_count(queryset: models.QuerySet) -> int | None:
    """What the database's own statistics say of the whole table; None where it is small or they say nothing."""
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
