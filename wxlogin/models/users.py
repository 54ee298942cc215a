"""Queries over the project's own user model."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from wxlogin import databases


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
