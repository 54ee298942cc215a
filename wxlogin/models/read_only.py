"""Ask whether the database accepts writes."""

from wxlogin import databases

# PostgreSQL's is also on in a standby and during a recovery.
QUESTIONS = {"postgresql": "SHOW transaction_read_only", "mysql": "SELECT @@global.read_only"}


def is_read_only() -> bool:
    """Ask the database, and return True if it refuses writes. Raises Django's ``DatabaseError`` if it is down."""
    connection = databases.connection()
    with connection.cursor() as cursor:
        cursor.execute(QUESTIONS.get(connection.vendor, "SELECT 0"))
        (answer,) = cursor.fetchone()
    return answer in (1, "on")
