from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

# Deadlock, serialization failure, lock not available (PostgreSQL); lock wait time-out, deadlock (MySQL).
CONTENTION = {"40P01", "40001", "55P03", 1205, 1213}
RACES = (
    5  # a first login can lose one for the identity and one for the unionid, and more while others are erased
)


def in_one_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """All or nothing, and once more where the database says that it was only somebody in the way."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return transaction.atomic(function)(*args, **kwargs)
        except OperationalError as exc:
            if connection.in_atomic_block or not is_contention(exc):
                raise
        return transaction.atomic(function)(*args, **kwargs)

    return wrapper


def again_when_outrun(function: Callable[P, R]) -> Callable[P, R]:
    """For a transaction that may lose a race for a unique row: then it runs again and finds the winner's.

    From its beginning and not from a savepoint: on MySQL a transaction keeps a lock on the row it stumbled
    over, and two that then want to write it are a deadlock.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(RACES):
            with suppress(IntegrityError):
                return function(*args, **kwargs)
        return function(*args, **kwargs)

    return wrapper


def is_contention(exc: OperationalError) -> bool:
    cause = exc.__cause__
    number = cause.args[0] if cause and cause.args else None
    return getattr(cause, "sqlstate", number) in CONTENTION or "locked" in str(exc)
