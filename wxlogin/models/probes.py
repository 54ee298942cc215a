"""Rows that the doctor writes, reads back and rolls back: does the database keep what logins and staff store?"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connections, router, transaction

from .carried_blocks import CarriedBlock
from .clock import database_time
from .staff_acts import StaffAct

# The character set of texts between us and the database, as the database says it. PostgreSQL converts them, so there the
# one that it stores counts.
QUESTIONS = {"postgresql": "SHOW server_encoding", "mysql": "SELECT @@character_set_client"}


def character_set() -> str:
    """Return the name of the character set, "" on a database that has only one."""
    connection = connections[router.db_for_write(StaffAct)]
    if connection.vendor not in QUESTIONS:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(QUESTIONS[connection.vendor])
        return str(cursor.fetchone()[0])


def read_back_text(text: str) -> str:
    """Return ``text`` as the database gives it back, from a column like those for nicknames and reasons."""
    with _rolled_back():
        pk = StaffAct.objects.create(created_at=database_time(), action="block", reason=text).pk
        return StaffAct.objects.get(pk=pk).reason


def read_back_sealed(value: bytes) -> bytes:
    """Return a sealed value as the database gives it back."""
    return _read_back_block(database_time(), value)[1]


def read_back_time(time: datetime) -> datetime:
    return _read_back_block(time, b"")[0]


def _read_back_block(time: datetime, sealed: bytes) -> tuple[datetime, bytes]:
    # 64 characters, as most of our ids may have.
    fingerprint = f"{'doctor':-<64}"
    with _rolled_back():
        pk = CarriedBlock.objects.create(
            fingerprint=fingerprint, blocked_at=time, sealed_reason=sealed, forgotten_at=time
        ).pk
        block = CarriedBlock.objects.get(pk=pk, fingerprint=fingerprint)
        return block.blocked_at, bytes(block.sealed_reason)


@contextmanager
def _rolled_back() -> Iterator[None]:
    """Undo what the block stores, also within somebody else's transaction."""
    alias = router.db_for_write(StaffAct)
    with transaction.atomic(using=alias):
        yield
        transaction.set_rollback(True, using=alias)
