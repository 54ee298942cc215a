"""The account of one upgrade: what each version did, how often, and what went wrong."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from .version import Unexpected, Version

R = TypeVar("R")
WIDTH = 16


class Report:
    """Counts of each act, for each version. Any thread may write to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._acts: dict[str, None] = {}
        self._tried: Counter[tuple[str, str]] = Counter()
        self._done: Counter[tuple[str, str]] = Counter()
        self.problems: Counter[str] = Counter()

    def run(self, version: Version, what: str, act: Callable[..., R], *arguments: Any) -> R | None:
        """Call ``act`` with ``arguments`` and count it. Return its result, None if it failed."""
        with self._lock:
            self._acts[what] = None
            self._tried[what, version.name] += 1
        try:
            result = act(*arguments)
        except (Unexpected, RuntimeError, OSError) as exc:
            with self._lock:
                self.problems[f"{version.name}, {what}: {type(exc).__name__}: {exc}"] += 1
            return None
        with self._lock:
            self._done[what, version.name] += 1
        return result

    def table(self, *versions: Version) -> str:
        names = [version.name for version in versions]
        width = max(map(len, self._acts))
        lines = [" " * width + "".join(name.rjust(WIDTH) for name in names)]
        lines += [
            what.ljust(width) + "".join(self._cell(what, name).rjust(WIDTH) for name in names)
            for what in self._acts
        ]
        return "\n".join([*lines, *(f"{times} x {problem}" for problem, times in self.problems.items())])

    def _cell(self, what: str, name: str) -> str:
        tried = self._tried[what, name]
        return f"{self._done[what, name]} of {tried}" if tried else "-"
