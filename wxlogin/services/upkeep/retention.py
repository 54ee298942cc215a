"""Retention: deleting rows that are older than ``RETENTION``."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from wxlogin.conf import conf
from wxlogin.models import CarriedBlock, LoginFailure, LoginSession, ReceivedPush
from wxlogin.models.batches import delete_batch, older_in_batches
from wxlogin.models.clock import database_time
from wxlogin.transactions import in_one_transaction

from .figures import roll_up_all

# The largest number of rows that one statement reads or deletes.
BATCH = 1_000


def purge() -> Iterator[tuple[str, int]]:
    """Delete what is too old, and yield the name and the number of each kind. Hourly figures are rolled up first.

    Each batch is committed by itself, so this may be killed, run again, and run twice at once.
    """
    now = database_time()
    cutoff = now - conf.RETENTION
    counted = min(cutoff, roll_up_all() or cutoff)
    # A session that was over before the cutoff was created before it, and created_at has an index. A session that
    # isn't past its absolute limit stays, since its tokens may still ask how it ended.
    over = LoginSession.objects.purgeable(cutoff, now)
    yield "login sessions", _delete(over, "created_at", before=counted)
    yield "login failures", _delete(LoginFailure.objects.all(), "created_at", before=counted)
    yield "received pushes", _delete(ReceivedPush.objects.purgeable(), "received_at", before=cutoff)
    yield "blocks of erased people", _delete(CarriedBlock.objects.all(), "forgotten_at", before=now)


def _delete(rows: QuerySet[Any], moment: str, *, before: datetime) -> int:
    """Delete ``rows`` whose indexed time ``moment`` lies before ``before``, and return how many."""
    delete = in_one_transaction(delete_batch)
    return sum(delete(batch) for batch in older_in_batches(rows, moment, before=before, size=BATCH))
