"""Columns and constraints of the user model that the default ``USER_FACTORY`` can't satisfy.

This reads declarations: it needs no connection and calls no code of the project. Check constraints, foreign keys to
missing rows, and what the model's own ``save`` does, show only when the doctor runs the factory.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections, models
from django.db.models import F, UniqueConstraint, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce, Lower, Trim, Upper
from django.db.models.signals import pre_save
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wxlogin import databases

from .conditions import is_met

# An e-mail address that belongs to nobody: the domain .invalid never resolves.
MAIL_DOMAIN = "@wechat.invalid"
# "wx_" and 24 characters.
NAME_LENGTH = 27
# What ``set_unusable_password`` stores.
PASSWORD_LENGTH = 41
TEXTS = {"CharField", "TextField", "SlugField", "EmailField", "URLField"}
# Expressions that turn one value into one value. Others may make NULL of it, which collides with nothing.
CERTAIN = {F, OrderBy, Lower, Upper, Trim, Coalesce, Value}
# The value of a column that differs from user to user, or isn't known before the row is stored.
VARIES = object()


class Kind(Enum):
    """The reason why the factory can't make users."""

    WRITTEN = "the column doesn't take what the factory writes"
    REQUIRED = "the column needs a value"
    SAME = "all people get one value, and it has to be unique"


@dataclass(frozen=True)
class Misfit:
    """Columns, separated by commas, that the default factory can't fill, and a sentence that says why.

    ``is_certain`` is false if only the database can tell.
    """

    kind: Kind
    columns: str
    text: str | Promise
    is_certain: bool = True


def misfits() -> Iterator[Misfit]:
    """Yield what of the project's user model the default factory can't fill."""
    User = get_user_model()
    fields = {field.name: field for field in User._meta.concrete_fields}
    if username := fields.get(User.USERNAME_FIELD):
        yield from (Misfit(Kind.WRITTEN, username.name, text) for text in _username_problems(username))
    password = fields.get("password")
    if password and (password.max_length or PASSWORD_LENGTH) < PASSWORD_LENGTH:
        text = _("It holds {holds} characters, and an unusable password has {needs}.")
        text = format_lazy(text, holds=password.max_length, needs=PASSWORD_LENGTH)
        yield Misfit(Kind.WRITTEN, password.name, text)
    written = {User.USERNAME_FIELD, "password"}
    values = {name: VARIES if name in written else _value(field) for name, field in fields.items()}
    for name, value in values.items():
        if value is None and not fields[name].null:
            yield Misfit(Kind.REQUIRED, name, _("It is required and has no default."))
            values[name] = VARIES
    for columns, is_certain in sorted({*_shared_by_all(User, values)}):
        yield Misfit(Kind.SAME, columns, SAME if is_certain else MAYBE_SAME, is_certain)


def may_be_filled_by_project() -> bool:
    """True if the model's own ``save``, or a receiver of ``pre_save``, may fill columns."""
    User = get_user_model()
    return not User.save.__module__.startswith("django.") or pre_save.has_listeners(User)


def columns_of_length(length: int) -> list[str]:
    """Return the names of the columns that hold this many characters. PostgreSQL names only the length."""
    return [field.name for field in get_user_model()._meta.concrete_fields if field.max_length == length]


def _username_problems(field: Any) -> Iterator[str | Promise]:
    length = NAME_LENGTH + (len(MAIL_DOMAIN) if isinstance(field, models.EmailField) else 0)
    if field.remote_field:
        yield _("It is a foreign key, and the factory writes a text.")
    elif field.choices:
        yield _("It has choices, and the factory writes none of them.")
    # A field of another package has a type of its own, and may take any text.
    elif hasattr(models, field.get_internal_type()) and field.get_internal_type() not in TEXTS:
        text = _("It is no text column ({type}), and the factory writes a text.")
        yield format_lazy(text, type=field.get_internal_type())
    # The limit of a TextField is for forms only.
    elif not isinstance(field, models.TextField) and (field.max_length or length) < length:
        text = _("It holds {holds} characters, and the factory's names have {needs}.")
        yield format_lazy(text, holds=field.max_length, needs=length)


def _value(field: Any) -> Any:
    """Return the value that every new row has in this column. None for NULL, also where that isn't allowed."""
    if _fills_itself(field):
        return VARIES
    if field.has_default():
        return VARIES if callable(field.default) else field.default
    if field.has_db_default():
        declared = field.db_default
        if isinstance(declared, Value):
            return declared.value
        return VARIES if hasattr(declared, "resolve_expression") else declared
    return "" if field.empty_strings_allowed and not field.null else None


def _fills_itself(field: Any) -> bool:
    is_parent_link = field.remote_field and field.remote_field.parent_link
    methods = (type(field).pre_save, type(field).get_default)
    has_own_value = any(not each.__module__.startswith("django.db.models.fields") for each in methods)
    has_time = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    is_numbered = isinstance(field, models.AutoField | models.OrderWrt)
    return bool(field.generated or is_parent_link or has_own_value or has_time or is_numbered)


def _shared_by_all(User: Any, values: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield the unique sets of columns that have one and the same value for all new users, and if that is certain."""
    for field in User._meta.concrete_fields:
        if field.unique and _is_same(values, [field.name]):
            yield field.name, True
    for model in (User, *User._meta.get_parent_list()):
        for names in model._meta.unique_together:
            if _is_same(values, names):
                yield ", ".join(names), True
        for constraint in model._meta.constraints:
            if isinstance(constraint, UniqueConstraint) and _is_violated(constraint, values):
                yield f"{', '.join(_columns(constraint))} ({constraint.name})", _is_certain(constraint)


def _is_violated(constraint: UniqueConstraint, values: Mapping[str, Any]) -> bool:
    # MySQL leaves a constraint with a condition out.
    is_enforced = (
        constraint.condition is None
        or connections[databases.likely_alias()].features.supports_partial_indexes
    )
    if not is_enforced or (constraint.condition is not None and not is_met(constraint.condition, values)):
        return False
    nulls_collide = constraint.nulls_distinct is False
    return _is_same(values, _columns(constraint), nulls_collide=nulls_collide)


def _is_certain(constraint: UniqueConstraint) -> bool:
    """True if rows with the same columns violate ``constraint``, whatever its expressions make of them."""
    parts = _parts(constraint)
    # MariaDB leaves a constraint with expressions out, and MySQL doesn't. Telling them apart takes a connection.
    is_enforced = connections[databases.likely_alias()].vendor != "mysql"
    return not parts or (is_enforced and all(type(part) in CERTAIN for part in parts))


def _columns(constraint: UniqueConstraint) -> list[str]:
    named = [part.name for part in _parts(constraint) if isinstance(part, F)]  # type: ignore[attr-defined]
    return [*constraint.fields, *named]


def _parts(constraint: UniqueConstraint) -> list[Any]:
    """Return the expressions of ``constraint``, and what they consist of."""
    expressions: Any = constraint.expressions
    return [part for each in expressions for part in ([each] if isinstance(each, F) else each.flatten())]


def _is_same(values: Mapping[str, Any], names: Iterable[str], *, nulls_collide: bool = False) -> bool:
    found = [values.get(name, VARIES) for name in names]
    if not found or any(value is VARIES for value in found):
        return False
    return nulls_collide or None not in found


SAME = _("All people would have the same value there, and the model says that it is unique.")
MAYBE_SAME = _("All people would have the same value there, and the model may say that it is unique.")
