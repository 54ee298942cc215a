"""The restore of an older dump: sessions that were ended since are open again, and session keys are stale."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from wxlogin import tokens
from wxlogin.log import log
from wxlogin.models import LoginSession, SessionKey, StaffAct
from wxlogin.models.batches import keys_in_batches, older_in_batches
from wxlogin.services.staff_log import Action, record
from wxlogin.transactions import in_one_transaction

BATCH = 1_000
# A dump is noted to be a little older than it is: its name is chosen, then it begins.
MARGIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Closed:
    """Counts of what the dump held open. ``later``: sessions that began after it, which were left alone."""

    sessions: int
    session_keys: int
    later: int


def find_open(dump_time: datetime) -> Closed:
    """Count what ``close`` would close."""
    before = dump_time + MARGIN
    return Closed(
        sessions=LoginSession.objects.open().begun_before(before).count(),
        session_keys=SessionKey.objects.held_since_before(before).count(),
        later=LoginSession.objects.begun_since(before).count(),
    )


def close(dump_time: datetime) -> Closed:
    """End all sessions that the dump holds open, and drop its session keys.

    Each batch is committed by itself, so this may be killed, run again, and run twice at once. A session that
    began after the restore stays open.
    """
    before = dump_time + MARGIN
    closed = Closed(
        sessions=_end_sessions(before),
        session_keys=_drop_session_keys(before),
        later=LoginSession.objects.begun_since(before).count(),
    )
    if closed.sessions:
        _record(dump_time, sessions=closed.sessions)
    return closed


def note_redone(dump_time: datetime) -> None:
    """Note that all decisions since the dump were redone, once for each restore."""
    if not is_redone(dump_time):
        _record(dump_time, redone_since=dump_time.isoformat())


def is_redone(dump_time: datetime) -> bool:
    """True if ``note_redone`` was called since the restore. A note that the dump holds is about an earlier restore."""
    acts = StaffAct.objects.with_action(Action.END_SESSIONS).with_person_hash([""])
    return any("redone_since" in act.details and act.created_at > dump_time for act in acts)


def has_key_pair() -> bool:
    """True if tokens are signed with a private key, and not with a secret."""
    return not tokens.symmetric_keys()


def _end_sessions(before: datetime) -> int:
    end = in_one_transaction(lambda batch: batch.end(LoginSession.EndReason.ENDED_BY_STAFF))
    open_ones = LoginSession.objects.open()
    return sum(end(batch) for batch in older_in_batches(open_ones, "created_at", before=before, size=BATCH))


def _drop_session_keys(before: datetime) -> int:
    held = SessionKey.objects.held_since_before(before)
    drop = in_one_transaction(held.drop)
    return sum(drop(ids) for ids in keys_in_batches(held, BATCH))


def _record(dump_time: datetime, **details: Any) -> None:
    # One line and one row: there may be a million sessions.
    log("restore handled", dump_time=dump_time.isoformat(), **details)
    with translation.override(settings.LANGUAGE_CODE):
        reason = gettext("The database was restored from a backup.")
    record(Action.END_SESSIONS, [], staff=None, reason=reason, details=details)
