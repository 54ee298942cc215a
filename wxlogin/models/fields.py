from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import Lookup, StartsWith
from django.utils import timezone

from wxlogin.clock import as_aware
from wxlogin.secret import PrivateStr


class AwareDateTimeField(models.DateTimeField):
    """A time that always has its zone in Python, also in a project whose ``USE_TZ`` is off.

    If it is off, columns hold local time, as all columns of such a project do. PostgreSQL's columns hold the zone, too.
    """

    def deconstruct(self) -> Any:
        # For migrations, it is Django's own field.
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        return moment if moment is None or settings.USE_TZ else as_aware(moment)

    def from_db_value(self, value: datetime | None, *args: Any) -> datetime | None:
        return value if value is None or settings.USE_TZ else as_aware(value)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        if not prepared:
            value = self.get_prep_value(value)
        has_no_zone = not (settings.USE_TZ or connection.features.supports_timezones)
        if has_no_zone and isinstance(value, datetime) and timezone.is_aware(value):
            value = timezone.make_naive(value, timezone.get_default_timezone())
        return super().get_db_prep_value(value, connection, prepared=True)


class ExactCharField(models.CharField):
    """Text that compares byte by byte on every database, and may hold any character.

    WeChat's ids are case-sensitive, and MySQL's default collation is not: there, two people could become one.
    MySQL's default character set may be latin1, which has neither Chinese nor emoji.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters


class PrivateCharField(ExactCharField):
    """The same column, for text that no crash report may show."""

    def deconstruct(self) -> Any:
        # For migrations, it is an ExactCharField.
        name, _, args, kwargs = super().deconstruct()
        return name, f"{ExactCharField.__module__}.{ExactCharField.__qualname__}", args, kwargs

    def from_db_value(self, value: str | None, *args: Any) -> PrivateStr | None:
        return None if value is None else PrivateStr(value)

    def value_to_string(self, obj: models.Model) -> str:
        # For dumpdata. The YAML serializer takes no subclass of str, and str() of ours returns such a one.
        return str.__str__(super().value_to_string(obj))


@ExactCharField.register_lookup
class Prefix(Lookup):
    """``startswith`` that uses an index on every database.

    PostgreSQL has an index made for it. MySQL and SQLite compare our columns byte by byte, so there a prefix is
    a range; their ``LIKE`` would scan the whole table.
    """

    lookup_name = "prefix"

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        if connection.vendor == "postgresql":
            sql, params = StartsWith(self.lhs, self.rhs).as_sql(compiler, connection)
            return sql, tuple(params)
        column, params = self.process_lhs(compiler, connection)
        first = str(self.rhs)
        return f"({column} >= %s AND {column} < %s)", (*params, first, *params, first + chr(0x10FFFF))
