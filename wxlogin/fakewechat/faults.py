"""What can be made to go wrong in a platform call."""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _is_number_text(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch("-?[0-9]{1,9}", value))


def _is_wait(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 3600


# Comparing types, because True is an int to isinstance.
RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "errcode": (lambda v: type(v) is int or _is_number_text(v), "an integer, or a string that holds one"),
    "status": (lambda v: type(v) is int and 200 <= v <= 599, "an HTTP status from 200 to 599"),
    "body": (lambda v: isinstance(v, str), "a string"),
    "reset": (lambda v: v is True, "true"),
    "delay": (_is_wait, "seconds, from 0 to 3600"),
    "drip": (_is_wait, "seconds, from 0 to 3600"),
    "times": (lambda v: type(v) is int and v >= 0, "a whole number, 0 or more"),
}


@dataclass(frozen=True)
class Fault:
    """One way to misbehave; nothing given is good behaviour. Raises ``ValueError`` if it makes no sense.

    ``errcode``, ``status`` with or without ``body``, and ``reset`` stand in for the answer; ``delay`` comes before it
    and ``drip`` stretches it, so these two go with any of the others.
    """

    errcode: int | str | None = None
    status: int | None = None
    body: str | None = None
    reset: bool | None = None
    delay: float | None = None
    drip: float | None = None
    times: int | None = None  # how many calls are left; None: all of them

    def __post_init__(self) -> None:
        for name, (is_fine, wanted) in RULES.items():
            value = getattr(self, name)
            if value is not None and not is_fine(value):
                raise ValueError(f"{name} must be {wanted}")
        if sum([self.errcode is not None, self.has_page, bool(self.reset)]) > 1:
            raise ValueError("errcode, reset, and status or body exclude each other")

    @property
    def has_page(self) -> bool:
        return self.status is not None or self.body is not None

    @property
    def does_something(self) -> bool:
        return any(getattr(self, name) is not None for name in RULES if name != "times")


NO_FAULT = Fault()


class Faults:
    """What goes wrong next on which path. The lock of whoever owns this guards it."""

    def __init__(self) -> None:
        self._by_path: dict[str, list[Fault]] = {}

    def add(self, path: str, fault: Fault) -> None:
        """The newest comes first; ``times=0`` ends all of the path. Raises ``ValueError`` if it does nothing."""
        if fault.times == 0:
            self._by_path.pop(_rooted(path), None)
        elif fault.does_something:
            self._by_path.setdefault(_rooted(path), []).append(fault)
        else:
            raise ValueError("say what goes wrong: errcode, status, body, reset, delay or drip")

    def take(self, path: str) -> Fault:
        """The fault for the next call of ``path``, counted as used."""
        faults = self._by_path.get(_rooted(path))
        if not faults:
            return NO_FAULT
        fault = faults.pop()
        if fault.times is None:
            faults.append(fault)
        elif fault.times > 1:
            faults.append(dataclasses.replace(fault, times=fault.times - 1))
        return fault


def _rooted(path: str) -> str:
    return "/" + path.lstrip("/")
