"""Probes of the database, for the doctor: does it keep what logins rely on?"""

import secrets
from contextlib import suppress

from django.db import transaction

from wxlogin import databases

from .pushes import ReceivedPush


class _Undo(Exception):
    """Raised to roll a transaction back."""


def rolls_back() -> bool:
    """Insert a row, lock it, and roll that back. True if the row is gone afterwards."""
    digest = _digest()
    with suppress(_Undo), transaction.atomic(using=databases.alias()):
        ReceivedPush.objects.insert_if_new(digest, is_lasting=False)
        ReceivedPush.objects.select_for_update().get(digest=digest)
        raise _Undo
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


def _digest() -> str:
    return f"doctor-{secrets.token_hex(16)}"
