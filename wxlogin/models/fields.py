from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import Lookup, StartsWith

from wxlogin.secret import PrivateStr


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
