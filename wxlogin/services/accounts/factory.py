"""The project's ``USER_FACTORY``: its users, and what is said and done when it fails."""

import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, OperationalError

from wxlogin.conf import conf
from wxlogin.crash_reports import chain
from wxlogin.database_errors import TABLES, facts_of, refuses_values
from wxlogin.exceptions import UserFactoryFailed
from wxlogin.log import log
from wxlogin.models import WeChatUser
from wxlogin.models.users import is_staff
from wxlogin.transactions import RACE_RETRIES
from wxlogin.wechat.results import Code2Session

from .misfits import columns_of_length, misfits

P = ParamSpec("P")
R = TypeVar("R")

# Errors of a factory, and of the rows that it writes. A refusal, such as ``PermissionDenied``, is none of these.
MISTAKES = (ValidationError, ValueError, TypeError, LookupError, AttributeError)
# How SQLite puts it. A retry doesn't help.
MISSING_ROW = "FOREIGN KEY constraint failed"


def make_user(appid: str, identity: Code2Session | WeChatUser) -> AbstractBaseUser:
    """Return a new user for ``identity``, made by the project's ``USER_FACTORY``.

    Raises ``UserFactoryFailed``. Refusals of the project's own, such as ``PermissionDenied``, and errors of a
    database that is down or busy, pass as they are.
    """
    try:
        user = conf.USER_FACTORY(appid=appid, openid=identity.openid, unionid=identity.unionid)
    except Exception as exc:
        if not (_is_refused_row(exc) or isinstance(exc, MISTAKES)):
            raise
        is_collision = isinstance(exc, IntegrityError) and not refuses_values(exc)
        failure = UserFactoryFailed(_describe(exc), hash(str(exc)) if is_collision else None)
        _forget_values(exc)
        raise failure from exc
    if problem := _problem_with(user):
        raise UserFactoryFailed(f"{_factory()} returned {problem}")
    if not user.is_active:
        log(f"{_factory()} returned an inactive user", level=logging.ERROR, user=user.pk)
    return cast(AbstractBaseUser, user)


def retry_collision(
    function: Callable[Concatenate[str, Code2Session, P], R],
) -> Callable[Concatenate[str, Code2Session, P], R]:
    """Run a login's transaction again if the row of its new user collided with another row.

    If a parallel login of the person was faster, the retry finds that login's user. If the same value collides
    again while the person is still unknown, it was no race: further retries would only take time.
    """

    @wraps(function)
    def wrapper(appid: str, identity: Code2Session, /, *args: P.args, **kwargs: P.kwargs) -> R:
        met: set[int | None] = {None}
        for _ in range(RACE_RETRIES):
            try:
                return _blame_project(function, appid, identity, *args, **kwargs)
            except UserFactoryFailed as failure:
                if failure.collision in met and not _is_known_by_now(failure, appid, identity):
                    raise
                met.add(failure.collision)
        return _blame_project(function, appid, identity, *args, **kwargs)

    return wrapper


def _blame_project(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call ``function``, whose commit may fail on a row of the project: PostgreSQL and SQLite check foreign keys then."""
    try:
        return function(*args, **kwargs)
    except IntegrityError as exc:
        # A subclass, like ``ProtectedError``, has words of its own, and asks objects of the project for their text.
        if type(exc) is not IntegrityError:
            raise
        facts = facts_of(exc)
        # SQLite doesn't name the table. It is the project's: what a login refers to was read in the same transaction.
        is_reference = MISSING_ROW in str(exc)
        is_projects = is_reference or ("table=" in facts and TABLES not in facts)
        if not is_projects:
            raise
        problem = f"{_factory()}, or a receiver of the project's own: {facts}"
        raise UserFactoryFailed(problem, None if is_reference else hash(str(exc))) from exc


def _is_known_by_now(failure: UserFactoryFailed, appid: str, identity: Code2Session) -> bool:
    is_collision = failure.collision is not None
    return is_collision and WeChatUser.objects.find(appid, identity.openid) is not None


def _is_refused_row(exc: Exception) -> bool:
    """True if the database refused what the factory wrote. A subclass, like ``ProtectedError``, speaks for itself."""
    return type(exc) in (IntegrityError, DataError) or (
        isinstance(exc, OperationalError) and refuses_values(exc)
    )


def _describe(exc: Exception) -> str:
    """Return which columns or constraints made the factory fail, without values."""
    if isinstance(exc, ValidationError):
        return f"{_factory()}: ValidationError {', '.join(getattr(exc, 'error_dict', ()))}".rstrip()
    facts = facts_of(exc) if _is_refused_row(exc) else type(exc).__name__
    return f"{_factory()}: {facts} {_suspects(exc, facts)}".rstrip()


def _forget_values(exc: Exception) -> None:
    """Empty the texts of mistakes, which quote what the person has: the log shows them below the traceback."""
    for each in chain(exc):
        if isinstance(each, MISTAKES):
            each.args = ()
            vars(each).pop("__notes__", None)
        if isinstance(each, ValidationError):
            vars(each).clear()
            ValidationError.__init__(each, "")


def _suspects(exc: Exception, facts: str) -> str:
    """Return the columns that may be meant, if the database names none."""
    if re.search("column|constraint|key", facts, re.IGNORECASE):
        return ""
    length = re.search(r"\((\d+)\)", str(exc)) if isinstance(exc, DataError) else None
    columns = columns_of_length(int(length[1])) if length else []
    if conf.has_default_factory():
        columns += [misfit.columns for misfit in misfits()]
    return f"columns={', '.join(dict.fromkeys(columns))}" if columns else ""


def _factory() -> str:
    return "the default USER_FACTORY" if conf.has_default_factory() else "USER_FACTORY"


def _problem_with(user: Any) -> str:
    """Return why ``user`` can't be the user of a new identity, or an empty text."""
    User = get_user_model()
    if not isinstance(user, User._meta.concrete_model or User):
        return f"{type(user).__name__} instead of {User._meta.label}"
    if user.pk is None or user._state.adding:
        return "a user that isn't saved"
    # Whoever controls a mini-program could log in as its operator.
    return "a staff account" if is_staff(cast(AbstractBaseUser, user)) else ""
