"""Database transactions that are all-or-nothing, and that are retried after a deadlock or a lost race."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, transaction

from wxlogin import databases, deadline
from wxlogin.database_errors import conceal, error_codes, refuses_values
from wxlogin.log import log

P = ParamSpec("P")
R = TypeVar("R")

# PostgreSQL: deadlock, serialization failure. MySQL: deadlock.
DEADLOCK = {"40P01", "40001", 1213}
# PostgreSQL: lock not available. MySQL: lock wait timeout.
LOCK_TIMEOUT = {"55P03", 1205}
# A deadlock is noticed at once, and several logins of one person can meet in several. A lock timeout has waited
# already, and a request has time for one more.
RETRIES = {"deadlock": 5, "lock timeout": 1}
# A first login can lose one race for the identity and one for the unionid, and more while others are erased.
RACE_RETRIES = 5


def in_one_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Run ``function`` in a transaction, and retry that as ``retry_contention`` does."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic(using=databases.alias()):
            return function(*args, **kwargs)

    return retry_contention(wrapper)


def retry_contention(function: Callable[P, R]) -> Callable[P, R]:
    """Retry ``function`` after a deadlock or a lock timeout. It is a transaction, or one statement outside of one.

    ``RETRIES`` says how often. Nothing is retried after the request's deadline.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        met: Counter[str] = Counter()
        while True:
            try:
                return function(*args, **kwargs)
            except OperationalError as exc:
                kind = kind_of_contention(exc)
                met[kind] += 1
                is_within_another = databases.connection().in_atomic_block
                if is_within_another or deadline.is_over() or met[kind] > RETRIES.get(kind, 0):
                    raise

    return wrapper


def retry_lost_race(function: Callable[P, R]) -> Callable[P, R]:
    """Run a transaction again if it loses a race for a unique row. The retry finds the winner's row.

    The retry starts the transaction anew and not from a savepoint: MySQL keeps a lock on the row that the
    first attempt collided with, and two transactions that then want to write this row would deadlock.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(RACE_RETRIES):
            try:
                return function(*args, **kwargs)
            except IntegrityError as exc:
                # ``ProtectedError`` and other subclasses tell of rows that stay.
                if type(exc) is not IntegrityError or refuses_values(exc):
                    raise
        return function(*args, **kwargs)

    return wrapper


def after_commit(function: Callable[[], object], *, using: str | None = None) -> None:
    """Call ``function`` after the commit. An exception in it is logged: what is committed stays.

    ``using`` is the database that commits, where that may be another one than ours.
    """

    def call() -> None:
        try:
            function()
        # A receiver of the project may raise anything.
        except Exception as exc:  # noqa: BLE001
            conceal(exc)
            log("failed after commit", logging.ERROR, exc_info=exc, problem=type(exc).__name__)

    transaction.on_commit(call, using=using or databases.alias())


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo at the end what the block stored. What it registers with ``on_commit`` is never called."""
    using = databases.alias()
    with transaction.atomic(using=using):
        yield
        transaction.set_rollback(True, using=using)


def kind_of_contention(exc: OperationalError) -> str:
    """Return ``deadlock`` or ``lock timeout`` if the database gave up because of another transaction, else ``""``."""
    codes = error_codes(exc)
    if not DEADLOCK.isdisjoint(codes):
        return "deadlock"
    return "lock timeout" if not LOCK_TIMEOUT.isdisjoint(codes) or "locked" in str(exc) else ""
