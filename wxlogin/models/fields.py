from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class ExactCharField(models.CharField):
    """Text that compares byte by byte on every database, and may hold any character.

    WeChat's ids are case-sensitive, MySQL's default collation is not: there, two people could become one.
    Its default character set may be latin1, which knows neither Chinese nor emoji.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters
