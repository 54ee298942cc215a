"""The router of this project, and how it tells the project's own code from that of a test."""

from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Tests look at what is stored, so only what runs in ``replicated`` reads from the replica.
_is_replicated: ContextVar[bool] = ContextVar("is_replicated", default=False)


@contextmanager
def replicated() -> Any:
    """Send the reads of this block to the replica."""
    token = _is_replicated.set(True)
    try:
        yield
    finally:
        _is_replicated.reset(token)


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    def answer(request: HttpRequest) -> HttpResponseBase:
        with replicated():
            return get_response(request)

    return answer


class Router:
    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        is_copied = model._meta.app_label == "wxlogin" or issubclass(model, get_user_model())
        return "default" if is_copied and _is_replicated.get() else "writer"

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return "writer"

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "writer"


class StaffBackend(ModelBackend):
    """Find staff on the primary server. Who is logged in to the admin isn't wxlogin's concern."""

    def get_user(self, user_id: Any) -> AbstractBaseUser | None:
        return get_user_model()._default_manager.using("writer").filter(pk=user_id).first()
