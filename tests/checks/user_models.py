"""User models of one test, and parts of them."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import UniqueConstraint

from .examples import ids

Shape = dict[str, Any]


def user_model(base: type = AbstractBaseUser, **members: Any) -> type:
    named = {"name": models.CharField(max_length=150, unique=True), "USERNAME_FIELD": "name"}
    if constraints := members.pop("constraints", None):
        members["Meta"] = meta(constraints=constraints)
    members.setdefault("Meta", meta())
    return type("Person", (base,), {**named, **members, "__module__": __name__})


def meta(**options: Any) -> type:
    return type("Meta", (), {**options, "app_label": "checks"})


def named(field: models.Field) -> Shape:
    return {"name": field}


def phone(**options: Any) -> models.CharField:
    return models.CharField(max_length=20, **options)


def once(*fields: str, **options: Any) -> Shape:
    """A phone that a constraint makes unique."""
    constraint = UniqueConstraint(fields=fields, name="one_phone", **options)
    return {"phone": phone(), "constraints": [constraint]}


def expression(*expressions: Any, **options: Any) -> Shape:
    return {"phone": phone(), "constraints": [UniqueConstraint(*expressions, name="one_phone", **options)]}


def only(problems: list[Any], id: str, column: str) -> None:
    assert ids(problems) == [id]
    assert f"can't fill {column}" in str(problems[0].msg)
    assert "USER_FACTORY" in str(problems[0].hint)
