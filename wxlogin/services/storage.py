from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import Error, IntegrityError, OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

# Deadlock, serialization failure, lock not available (PostgreSQL); lock wait time-out, deadlock (MySQL).
CONTENTION = {"40P01", "40001", "55P03", 1205, 1213}
RACES = 2  # a first login can lose one for the identity and one for the unionid


def in_one_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """All or nothing, and again where somebody was in the way or quicker.

    Who loses a race for a unique row starts from the beginning and not from a savepoint: on MySQL a
    transaction keeps a lock on the row it stumbled over, and two that then want to write it are a deadlock.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        failures = 0
        while True:
            try:
                return transaction.atomic(function)(*args, **kwargs)
            except Error as exc:
                failures += 1
                if not _is_worth_another_try(exc, failures):
                    raise

    return wrapper


def _is_worth_another_try(exc: Error, failures: int) -> bool:
    if isinstance(exc, IntegrityError):
        return failures <= RACES
    return failures == 1 and is_contention(exc) and not connection.in_atomic_block


def is_contention(exc: Error) -> bool:
    if not isinstance(exc, OperationalError):
        return False
    cause = exc.__cause__
    number = cause.args[0] if cause and cause.args else None
    return getattr(cause, "sqlstate", number) in CONTENTION or "locked" in str(exc)
