"""Faults that a test can switch on for a platform call."""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _is_number_text(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch("-?[0-9]{1,9}", value))


def _is_duration(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 3600


# Each field has a check of its value, and the words for the error message.
# The checks compare types, because isinstance takes True for an int.
RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "errcode": (lambda v: type(v) is int or _is_number_text(v), "an integer, or a string that holds one"),
    "status": (lambda v: type(v) is int and 200 <= v <= 599, "an HTTP status from 200 to 599"),
    "body": (lambda v: isinstance(v, str), "a string"),
    "reset": (lambda v: v is True, "true"),
    "delay": (_is_duration, "seconds, from 0 to 3600"),
    "drip": (_is_duration, "seconds, from 0 to 3600"),
    "times": (lambda v: type(v) is int and v >= 0, "a whole number, 0 or more"),
}


@dataclass(frozen=True)
class Fault:
    """One fault of a path. A fault with no field set changes nothing.

    ``errcode``, ``status`` with or without ``body``, and ``reset`` replace the answer, so they exclude each other.
    ``delay`` waits before the answer and ``drip`` slows it down; these two go with any of the others.
    ``times`` is the number of calls that still get the fault. None means all of them.

    Raise ``ValueError`` for a value or a combination that makes no sense.
    """

    errcode: int | str | None = None
    status: int | None = None
    body: str | None = None
    reset: bool | None = None
    delay: float | None = None
    drip: float | None = None
    times: int | None = None

    def __post_init__(self) -> None:
        for name, (is_valid, description) in RULES.items():
            value = getattr(self, name)
            if value is not None and not is_valid(value):
                raise ValueError(f"{name} must be {description}")
        if sum([self.errcode is not None, self.has_page, bool(self.reset)]) > 1:
            raise ValueError("errcode, reset, and status or body exclude each other")

    @property
    def has_page(self) -> bool:
        return self.status is not None or self.body is not None

    @property
    def has_effect(self) -> bool:
        return any(getattr(self, name) is not None for name in RULES if name != "times")


NO_FAULT = Fault()


class Faults:
    """A stack of faults for each path. ``WeChat`` guards them with its lock."""

    def __init__(self) -> None:
        self._by_path: dict[str, list[Fault]] = {}

    def add(self, path: str, fault: Fault) -> None:
        """Add a fault, which goes before older ones. ``times=0`` ends all faults of the path.

        Raise ``ValueError`` if the fault has no effect.
        """
        path = _with_slash(path)
        if fault.times == 0:
            self._by_path.pop(path, None)
        elif fault.has_effect:
            self._by_path.setdefault(path, []).append(fault)
        else:
            raise ValueError("say what goes wrong: errcode, status, body, reset, delay or drip")

    def take(self, path: str) -> Fault:
        """Return the fault for the next call of ``path``, and count it as used."""
        faults = self._by_path.get(_with_slash(path))
        if not faults:
            return NO_FAULT
        fault = faults.pop()
        if fault.times is None:
            faults.append(fault)
        elif fault.times > 1:
            faults.append(dataclasses.replace(fault, times=fault.times - 1))
        return fault


def _with_slash(path: str) -> str:
    return "/" + path.lstrip("/")
