"""User models with a unique constraint on an expression."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Lower, NullIf, Trim

from .user_models import Shape, expression, only

SAME_EXPRESSION: dict[str, Shape] = {
    "a plain one": expression("phone"),
    "in lower case": expression(Lower("phone")),
    "descending": expression(F("phone").desc()),
    "nested": expression(Coalesce(Lower(Trim("phone")), Value("-"))),
}
MAYBE_SAME: dict[str, Shape] = {
    "NULL if empty": expression(NullIf("phone", Value(""))),
    "only if filled": expression(Case(When(~Q(phone=""), then="phone"))),
}


@pytest.mark.parametrize("shape", SAME_EXPRESSION.values(), ids=SAME_EXPRESSION.keys())
def test_expressions_that_keep_one_value_for_all_people_are_named(problems_of: Any, shape: Shape) -> None:
    # MariaDB leaves the constraint out, and the check doesn't ask which of the two it is.
    only(problems_of(**shape), "wxlogin.W016" if connection.vendor == "mysql" else "wxlogin.E040", "phone")


@pytest.mark.parametrize("shape", MAYBE_SAME.values(), ids=MAYBE_SAME.keys())
def test_expressions_that_may_leave_people_out_only_warn(problems_of: Any, shape: Shape) -> None:
    only(problems_of(**shape), "wxlogin.W016", "phone")


@pytest.mark.parametrize("shape", SAME_EXPRESSION.values(), ids=SAME_EXPRESSION.keys())
def test_expressions_on_mysql_only_warn(
    problems_of: Any, shape: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "vendor", "mysql")

    only(problems_of(**shape), "wxlogin.W016", "phone")
