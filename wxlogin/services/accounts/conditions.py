"""Conditions of constraints, decided for rows whose values are known, without a database."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q

LOOKUPS: dict[str, Callable[[Any, Any], bool]] = {
    "": lambda value, other: value == other,
    "exact": lambda value, other: value == other,
    "gt": lambda value, other: value > other,
    "in": lambda value, others: value in others,
    "isnull": lambda value, expected: (value is None) == expected,
}


def is_met(condition: Q, values: Mapping[str, Any]) -> bool | None:
    """Return whether a row with these values meets ``condition``. None if that can't be told."""
    if condition.connector == Q.XOR:
        return None
    outcomes = [
        is_met(child, values) if isinstance(child, Q) else _is_true(child, values)
        for child in condition.children
    ]
    # One of these decides: a false one for AND, a true one for OR.
    decisive = condition.connector == Q.OR
    if decisive in outcomes:
        met: bool | None = decisive
    elif None in outcomes:
        met = None
    else:
        met = not decisive
    return met if met is None or not condition.negated else not met


def _is_true(child: Any, values: Mapping[str, Any]) -> bool | None:
    if not isinstance(child, tuple):
        return None
    name, _, lookup = child[0].partition("__")
    other = child[1]
    if other is None and lookup in {"", "exact"}:
        lookup, other = "isnull", True
    value, compare = values.get(name), LOOKUPS.get(lookup)
    is_known = isinstance(value, str | int | float) or (lookup == "isnull" and name in values)
    if compare is None or not is_known or hasattr(other, "resolve_expression"):
        return None
    try:
        return compare(value, other)
    except TypeError:
        return None
