"""Queries over the project's own user model."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models


def is_staff(user: AbstractBaseUser) -> bool:
    """True for a staff user or a superuser, also where the user model has no such columns."""
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))


def lock_users(*users: AbstractBaseUser) -> list[AbstractBaseUser]:
    """Lock the rows of ``users`` until the transaction ends, and return them fresh. Deleted users are left out.

    The rows are locked in primary-key order, so that two merges in opposite directions can't deadlock. The
    lock doesn't block the foreign-key check of a login, which holds its person's row at that moment.
    """
    # The base manager, since the project's own manager may hide some users.
    rows = get_user_model()._base_manager.filter(pk__in=[user.pk for user in users]).order_by("pk")
    return list(rows.select_for_update(no_key=connection.features.has_select_for_no_key_update))


def lock_against_references(user: models.Model) -> None:
    """Lock the row of ``user`` until the transaction ends, so that no other transaction commits a row that names it."""
    list(get_user_model()._base_manager.filter(pk=user.pk).select_for_update().values_list("pk"))


def is_stored(user_id: Any) -> bool:
    """True if a user has this primary key."""
    return get_user_model()._base_manager.filter(pk=user_id).exists()


def is_username_taken(username: str) -> bool:
    """True if a user has ``username`` in the user model's ``USERNAME_FIELD``."""
    User = get_user_model()
    return User._base_manager.filter(**{User.USERNAME_FIELD: username}).exists()


def has_active_column() -> bool:
    """True if a query can ask for ``is_active``. Some user models compute it instead."""
    try:
        get_user_model()._meta.get_field("is_active")
    except FieldDoesNotExist:
        return False
    return True
