"""Database transactions that are all-or-nothing, and that are retried after a deadlock or a lost race."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

# Deadlock, serialization failure, lock not available (PostgreSQL); lock wait timeout, deadlock (MySQL).
CONTENTION = {"40P01", "40001", "55P03", 1205, 1213}
# A first login can lose one race for the identity and one for the unionid, and more while others are erased.
RACE_RETRIES = 5
# A command may meet a second run of itself, batch after batch, and has time to wait.
COMMAND_RETRIES = 5


def in_one_transaction(function: Callable[P, R], *, retries: int = 1) -> Callable[P, R]:
    """Run ``function`` in a transaction, and retry it after a deadlock or a lock timeout, ``retries`` times at most.

    A request has time for one retry; commands pass ``COMMAND_RETRIES``.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(retries):
            try:
                return transaction.atomic(function)(*args, **kwargs)
            except OperationalError as exc:
                if connection.in_atomic_block or not is_contention(exc):
                    raise
        return transaction.atomic(function)(*args, **kwargs)

    return wrapper


def retry_lost_race(function: Callable[P, R]) -> Callable[P, R]:
    """Run a transaction again if it loses a race for a unique row. The retry finds the winner's row.

    The retry starts the transaction anew and not from a savepoint: MySQL keeps a lock on the row that the
    first attempt collided with, and two transactions that then want to write this row would deadlock.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(RACE_RETRIES):
            with suppress(IntegrityError):
                return function(*args, **kwargs)
        return function(*args, **kwargs)

    return wrapper


def is_contention(exc: OperationalError) -> bool:
    """True if the database gave up because of another transaction, whatever the driver."""
    cause = exc.__cause__
    number = cause.args[0] if cause and cause.args else None
    return getattr(cause, "sqlstate", number) in CONTENTION or "locked" in str(exc)
