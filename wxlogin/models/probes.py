"""Rows that the doctor stores, reads back and removes: does the database keep what logins and staff rely on?"""

import secrets
from datetime import datetime

from wxlogin import databases
from wxlogin.transactions import rolled_back

from .carried_blocks import CarriedBlock
from .clock import database_time
from .pushes import ReceivedPush
from .staff_acts import StaffAct

# Ask the database for its character set. On MySQL that of the connection counts. PostgreSQL converts texts, so there
# the one in which it stores them counts.
QUESTIONS = {"postgresql": "SHOW server_encoding", "mysql": "SELECT @@character_set_client"}


def rolls_back() -> bool:
    """Insert a row, lock it, and roll that back. True if the row is gone afterwards."""
    digest = _digest()
    with rolled_back():
        ReceivedPush.objects.insert_if_new(digest, is_lasting=False)
        ReceivedPush.objects.select_for_update().get(digest=digest)
    rows = ReceivedPush.objects.filter(digest=digest)
    # Delete it: a table of MySQL's without transactions has kept it.
    return not rows.delete()[0]


def finds_what_it_stored() -> bool:
    """Store a row, and look for it at once. False if reads outside of a transaction go to a server that is behind."""
    digest = _digest()
    ReceivedPush.objects.insert_if_new(digest, is_lasting=False)
    rows = ReceivedPush.objects.filter(digest=digest)
    try:
        return rows.exists()
    finally:
        rows.delete()


def character_set() -> str:
    """Return the name of the character set, "" on a database that has only one."""
    connection = databases.connection()
    if connection.vendor not in QUESTIONS:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(QUESTIONS[connection.vendor])
        return str(cursor.fetchone()[0])


def read_back_text(text: str) -> str:
    """Return ``text`` as the database gives it back, from a column like those for nicknames and reasons."""
    with rolled_back():
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
    with rolled_back():
        pk = CarriedBlock.objects.create(
            fingerprint=fingerprint, blocked_at=time, sealed_reason=sealed, forgotten_at=time
        ).pk
        block = CarriedBlock.objects.get(pk=pk, fingerprint=fingerprint)
        return block.blocked_at, bytes(block.sealed_reason)


def _digest() -> str:
    return f"doctor-{secrets.token_hex(16)}"
