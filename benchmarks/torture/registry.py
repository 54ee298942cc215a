"""The list of cases. A module in ``cases/`` adds its own with the decorator ``case``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .stack import Run

POSTGRESQL, MARIADB = "postgres", "mysql"
BOTH = (POSTGRESQL, MARIADB)


@dataclass(frozen=True)
class Case:
    """One fault. ``databases``: the schemes of the databases that it runs on, one row of the table for each.

    ``deadline`` is the ``UPSTREAM_DEADLINE`` of the service; 0 says that no time is promised.
    """

    name: str
    stimulus: str
    stimulus_zh: str
    run: "Callable[[Run], None]"
    databases: tuple[str, ...]
    deadline: float
    quick: bool


CASES: dict[str, Case] = {}


def case(
    name: str,
    stimulus: str,
    stimulus_zh: str,
    *,
    databases: tuple[str, ...] = (POSTGRESQL,),
    deadline: float = 5.0,
    quick: bool = False,
) -> "Callable[[Callable[[Run], None]], Callable[[Run], None]]":
    """Register a function as the case ``name``. The stimulus is one sentence, in English and in Chinese."""

    def register(function: "Callable[[Run], None]") -> "Callable[[Run], None]":
        CASES[name] = Case(name, stimulus, stimulus_zh, function, databases, deadline, quick)
        return function

    return register
