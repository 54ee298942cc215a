"""User models that the default factory can or can't fill: the check reads their declarations."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, models
from django.db.models import F, Q, UniqueConstraint, Value
from django.db.models.functions import Lower, Now
from django.db.models.signals import pre_save

from tests.helpers.signals import connected
from wxlogin import checks
from wxlogin.services.accounts import misfits
from wxlogin.services.accounts.creating import derive_username

from .examples import ids
from .user_models import Shape, expression, meta, named, once, only, phone, user_model

Town = type("Town", (models.Model,), {"__module__": __name__, "Meta": meta()})


def to_town(kind: Any = models.ForeignKey, **options: Any) -> models.Field:
    return kind(Town, models.CASCADE, related_name="+", **options)


UNNAMEABLE: dict[str, Shape] = {
    "a mobile number": named(models.CharField(max_length=11, unique=True)),
    "a little too short": named(models.CharField(max_length=26, unique=True)),
    "a short e-mail address": named(models.EmailField(max_length=41, unique=True)),
    "a number": named(models.PositiveBigIntegerField(unique=True)),
    "a UUID": named(models.UUIDField(unique=True)),
    "an address": named(models.GenericIPAddressField(unique=True)),
    "choices": named(models.CharField(max_length=150, choices=[("a", "A")], unique=True)),
    "a foreign key": named(to_town()),
    "a one-to-one key": named(to_town(models.OneToOneField)),
}
NAMEABLE: dict[str, Shape] = {
    "just long enough": named(models.CharField(max_length=27, unique=True)),
    "an e-mail address": named(models.EmailField(max_length=42, unique=True)),
    "a slug": named(models.SlugField(unique=True)),
    "without a limit": named(models.TextField(unique=True)),
    "with a limit of forms": named(models.TextField(max_length=11, unique=True)),
    "the primary key": named(models.CharField(max_length=64, primary_key=True)),
}
REQUIRED: dict[str, models.Field] = {
    "a date": models.DateField(),
    "a time with NULL as its default": models.DateTimeField(default=None),
    "a number": models.IntegerField(),
    "an amount": models.DecimalField(max_digits=5, decimal_places=2),
    "yes or no": models.BooleanField(),
    "a duration": models.DurationField(),
    "a UUID": models.UUIDField(),
    "JSON": models.JSONField(),
    "an address": models.GenericIPAddressField(),
    "a foreign key": to_town(),
    "a one-to-one key": to_town(models.OneToOneField),
    "a text with NULL as its default": phone(default=None),
}
FILLED: dict[str, models.Field] = {
    "a text": phone(),
    "a text with NULL": phone(null=True, unique=True),
    "a picture": models.ImageField(),
    "bytes": models.BinaryField(),
    "a default": models.IntegerField(default=0),
    "a callable default": models.UUIDField(default=uuid.uuid4, unique=True),
    "a default of the database": models.DateTimeField(db_default=Now()),
    "a constant of the database": models.IntegerField(db_default=5),
    "filled by Django": models.DateTimeField(auto_now_add=True, unique=True),
    "unique for a date": phone(unique_for_date="last_login"),
    "generated": models.GeneratedField(
        expression=Lower("name"), output_field=phone(), db_persist=True, unique=True
    ),
    "a foreign key with NULL": to_town(null=True),
    "a one-to-one key with NULL": to_town(models.OneToOneField, null=True),
}
SAME: dict[str, Shape] = {
    "a text": {"phone": phone(unique=True)},
    "a constant": {"phone": models.IntegerField(default=0, unique=True)},
    "a constant of the database": {"phone": phone(db_default="-", unique=True)},
    "an expression of the database": {"phone": phone(db_default=Value("-"), unique=True)},
    "a one-to-one key": {"phone": to_town(models.OneToOneField, default=1)},
    "a primary key": {"phone": phone(primary_key=True)},
    "two columns": {"phone": phone(), "city": phone(), "Meta": meta(unique_together=[("city", "phone")])},
    "a constraint": once("phone"),
    "equal NULLs": {
        "phone": phone(null=True),
        "constraints": [UniqueConstraint(fields=["phone"], name="one_phone", nulls_distinct=False)],
    },
}
SAME_IF: dict[str, Q] = {
    "of active people": Q(is_active=True),
    "of people without a login": Q(last_login__isnull=True),
    "not of those with another phone": ~Q(phone="1"),
    "of both": Q(is_active=True) & ~Q(phone__in=["1", "2"]),
    "of either": Q(is_active=False) | Q(phone=""),
    "of people without a login, in one word": Q(last_login=None),
    "of people without a login, exactly": Q(last_login__exact=None),
}
DIFFERENT: dict[str, Shape] = {
    "with the name": {"phone": phone(), "Meta": meta(unique_together=[("name", "phone")])},
    "a constraint with the name": once("phone", "name"),
    "an expression of the name": expression(Lower("name"), "phone"),
    "NULL": {
        "phone": phone(null=True),
        "constraints": [UniqueConstraint(fields=["phone"], name="one_phone")],
    },
    "of people who have a phone": once("phone", condition=~Q(phone="")),
    "of people with a longer phone": once("phone", condition=Q(phone__gt="")),
    "of people with one of two phones": once("phone", condition=Q(phone="") ^ Q(phone__in=["", "1"])),
    "of people with none or both of two phones": once("phone", condition=~(Q(phone="") ^ Q(phone="1"))),
    "of people without NULL": once("phone", condition=Q(phone=None)),
    "of nobody new": once("phone", condition=Q(is_active=False)),
    "of some names": once("phone", condition=Q(name__startswith="a")),
    "of what only the database knows": once("phone", condition=Q(phone=F("name"))),
}


@pytest.mark.usefixtures("_models_of_one_test")
def test_the_lengths_are_those_of_our_names() -> None:
    assert len(derive_username("wx1", "o-1")) == misfits.NAME_LENGTH
    person = user_model()(name="wx1")
    person.set_unusable_password()
    assert len(person.password) == misfits.PASSWORD_LENGTH


@pytest.mark.parametrize("shape", UNNAMEABLE.values(), ids=UNNAMEABLE.keys())
def test_a_username_that_takes_no_name_of_ours_is_named(problems_of: Any, shape: Shape) -> None:
    only(problems_of(**shape), "wxlogin.E038", "name of")


@pytest.mark.parametrize("shape", NAMEABLE.values(), ids=NAMEABLE.keys())
def test_a_username_that_takes_our_names_is_fine(problems_of: Any, shape: Shape) -> None:
    assert problems_of(**shape) == []


def test_a_password_that_is_too_short_is_named(problems_of: Any) -> None:
    only(problems_of(password=models.CharField(max_length=40)), "wxlogin.E038", "password of")


@pytest.mark.parametrize("field", REQUIRED.values(), ids=REQUIRED.keys())
def test_a_column_without_a_value_is_named(problems_of: Any, field: models.Field) -> None:
    only(problems_of(extra=field.clone()), "wxlogin.E039", "extra of")


@pytest.mark.parametrize("field", FILLED.values(), ids=FILLED.keys())
def test_a_column_that_gets_a_value_is_fine(problems_of: Any, field: models.Field) -> None:
    assert problems_of(extra=field.clone()) == []


@pytest.mark.parametrize("shape", SAME.values(), ids=SAME.keys())
def test_unique_columns_with_one_value_for_all_people_are_named(problems_of: Any, shape: Shape) -> None:
    problems = problems_of(**shape)

    assert ids(problems) == ["wxlogin.E040"]
    assert "phone" in str(problems[0].msg)


class NumberedField(models.CharField):
    """A field of the project's own that makes a default for each row."""

    def get_default(self) -> str:
        return uuid.uuid4().hex


def test_a_field_that_makes_its_own_default_is_fine(problems_of: Any) -> None:
    assert problems_of(number=NumberedField(max_length=32, unique=True)) == []


@pytest.mark.parametrize("shape", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_unique_columns_with_a_value_for_each_person_are_fine(problems_of: Any, shape: Shape) -> None:
    assert problems_of(**shape) == []


@pytest.mark.parametrize("condition", SAME_IF.values(), ids=SAME_IF.keys())
def test_a_constraint_whose_condition_all_people_meet_is_named(problems_of: Any, condition: Q) -> None:
    shape = once("phone", condition=condition)

    problems = problems_of(is_active=models.BooleanField(default=True), **shape)

    # MySQL leaves it out.
    assert ids(problems) == ["wxlogin.E040"] * connection.features.supports_partial_indexes


def test_columns_of_a_parent_table_count_too(problems_of: Any) -> None:
    columns = {"phone": phone(), "city": phone(), "born": models.DateField()}
    options = {"Meta": meta(unique_together=[("phone", "city")]), "__module__": __name__}
    contact = type("Contact", (models.Model,), {**columns, **options})
    base = type("Base", (contact, AbstractBaseUser), {"Meta": meta(abstract=True), "__module__": __name__})

    problems = problems_of(base)

    assert sorted(ids(problems)) == ["wxlogin.E039", "wxlogin.E040"]
    assert any("phone, city" in str(each.msg) for each in problems)


def fill(self: Any, *args: Any, **kwargs: Any) -> None:
    """A ``save`` of the project's own."""


def test_a_save_of_the_projects_own_may_fill_it(problems_of: Any) -> None:
    only(problems_of(phone=phone(unique=True), save=fill), "wxlogin.W016", "phone of")


def test_a_save_of_the_projects_own_is_no_problem_in_itself(problems_of: Any) -> None:
    assert problems_of(save=fill) == []


def test_a_receiver_of_the_projects_own_may_fill_it(problems_of: Any) -> None:
    with connected(pre_save, fill):
        only(problems_of(phone=phone(unique=True)), "wxlogin.W016", "phone of")


@pytest.mark.parametrize(
    "factory", ["shop.customers.make_customer", "no.such.module", "wxlogin.checks.FATAL", None, []]
)
def test_a_model_is_not_looked_at_while_the_factory_is_the_projects_own(
    problems_of: Any, configure: Any, factory: Any
) -> None:
    configure(USER_FACTORY=factory)

    assert problems_of(phone=phone(unique=True)) == []


@pytest.mark.parametrize(
    "factory", ["wxlogin.services.accounts.create_user", "wxlogin.services.accounts.creating.create_user"]
)
def test_the_default_factory_may_be_named(problems_of: Any, configure: Any, factory: str) -> None:
    configure(USER_FACTORY=factory)

    assert ids(problems_of(phone=phone(unique=True))) == ["wxlogin.E040"]


def test_it_does_not_stop_the_process(problems_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that only links people to users of its own never needs the factory."""
    assert problems_of(phone=phone(unique=True))

    checks.refuse_to_start()
