"""Queries over the project's own user model."""

import re
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F
from django.db.models.functions import Length

from wxlogin import databases

OPENID_LENGTH = 28
OPENID = re.compile("o[A-Za-z0-9_-]{27}")


def is_staff(user: AbstractBaseUser) -> bool:
    """True for a staff user or a superuser, also where the user model has no such columns."""
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))


def lock_users(*users: AbstractBaseUser) -> list[AbstractBaseUser]:
    """Lock the rows of ``users`` until the transaction ends, and return them fresh. Deleted users are left out.

    The rows are locked in primary-key order, so that two merges in opposite directions can't deadlock. The
    lock doesn't block the foreign-key check of a login, which holds its person's row at that moment.
    """
    rows = _all_users().filter(pk__in=[user.pk for user in users]).order_by("pk")
    features = databases.connection().features
    return list(rows.select_for_update(no_key=features.has_select_for_no_key_update))


def lock_against_references(user: models.Model, *, using: str) -> None:
    """Lock the row of ``user`` until the transaction ends, so that no other transaction commits a row that names it."""
    list(_all_users().using(using).filter(pk=user.pk).select_for_update().values_list("pk"))


def read_again(row: models.Model) -> None:
    """Read the row of a user or a person anew. Raises ``ObjectDoesNotExist`` if it was deleted."""
    row.refresh_from_db(using=databases.alias())


def is_stored(user_id: Any) -> bool:
    """True if a user has this primary key."""
    return _all_users().filter(pk=user_id).exists()


def is_username_taken(username: str) -> bool:
    """True if a user has ``username`` in the user model's ``USERNAME_FIELD``."""
    return _all_users().filter(**{get_user_model().USERNAME_FIELD: username}).exists()


def count_openids_as_names(limit: int) -> tuple[int, bool]:
    """Return how many users without an identity have a username in the shape of an openid, and if these are all.

    At most ``limit`` rows are read. A ``USERNAME_FIELD`` that isn't a text has no openids.
    """
    User = get_user_model()
    name = User._meta.get_field(User.USERNAME_FIELD)
    if name.get_internal_type() not in {"CharField", "TextField"}:
        return 0, True
    rows = _all_users().filter(wechat_users=None).annotate(openid=F(name.name), length=Length(name.name))
    # The range is for the index: ``startswith`` can't use one on MySQL and SQLite.
    likely = rows.filter(openid__gte="o", openid__lt="p", openid__startswith="o", length=OPENID_LENGTH)
    values = list(likely.order_by().values_list("openid", flat=True)[:limit])
    return sum(bool(OPENID.fullmatch(value)) for value in values), len(values) < limit


def check_references(users: Iterable[models.Model]) -> None:
    """Check the foreign keys of ``users`` now, and not at the commit. Raises ``IntegrityError``."""
    connection = databases.connection()
    if connection.features.can_defer_constraint_checks:
        connection.check_constraints({user._meta.db_table for user in users})


def has_active_column() -> bool:
    """True if a query can ask for ``is_active``. Some user models compute it instead."""
    try:
        get_user_model()._meta.get_field("is_active")
    except FieldDoesNotExist:
        return False
    return True


def _all_users() -> models.QuerySet[Any]:
    """Return all users where they are written. The project's own manager may hide some of them."""
    return get_user_model()._base_manager.using(databases.alias())
