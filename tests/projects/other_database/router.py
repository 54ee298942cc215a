"""The router of this project."""

from typing import Any

from django.db.models import Model

# The admin's own log has a foreign key to users.
IN_PEOPLE = {"wxlogin", "auth", "contenttypes", "admin"}


class Router:
    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return _database(model._meta.app_label)

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return _database(model._meta.app_label)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == _database(app_label)


def _database(app_label: str) -> str:
    return "people" if app_label in IN_PEOPLE else "default"
