"""The base of all tables: they are read where they are written, see ``databases``."""

from typing import Any, TypeVar

from django.db import models
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor

from wxlogin import databases

M = TypeVar("M", bound=models.Model)


class OwnQuerySet(models.QuerySet[M]):
    """A query of our tables. Routers aren't asked where to read."""

    @property
    def db(self) -> str:
        return self._db or databases.alias()  # type: ignore[attr-defined]


class OwnModel(models.Model):
    """A table of ours."""

    objects = OwnQuerySet.as_manager()

    class Meta:
        abstract = True
        # Django reads a foreign key's row with the base manager, and ``refresh_from_db`` uses it too.
        base_manager_name = "objects"


class _ReadWhereWritten(ForwardManyToOneDescriptor):
    def get_queryset(self, **hints: Any) -> models.QuerySet[Any]:
        return super().get_queryset(**hints).using(databases.alias())


class UserForeignKey(models.ForeignKey):
    """A foreign key to the project's user model, whose base manager would ask the routers where to read."""

    forward_related_accessor_class = _ReadWhereWritten

    def deconstruct(self) -> Any:
        # For migrations, it is a ForeignKey.
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, kwargs
