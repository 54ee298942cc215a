"""Make one function of wxlogin raise an exception, wherever it is called from."""

import importlib
import inspect
import pkgutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from types import CodeType, FrameType
from typing import Any

import wxlogin

PACKAGES = ("services", "models", "wechat", "tokens", "vault", "gateway", "sealing", "api")


# A function, and the function of wxlogin that it works for.
Call = tuple[CodeType, CodeType | None]


class Bug(Exception):
    """An error that nobody foresaw."""


@cache
def functions() -> dict[CodeType, str]:
    """Return the code of every function, method and property of ``PACKAGES``, with its name."""
    found = {}
    for module in _modules():
        members = [
            vars(module),
            *(vars(each) for each in vars(module).values() if _is_class_of(module, each)),
        ]
        for member in (each for namespace in members for each in namespace.values()):
            function = inspect.unwrap(_function_of(member)) if callable(_function_of(member)) else None
            code = getattr(function, "__code__", None)
            # What a dataclass generates has no file.
            if code and code.co_filename == module.__file__:
                found[code] = f"{module.__name__}.{code.co_qualname}"
    return found


def _modules() -> Iterator[Any]:
    prefixes = tuple(f"wxlogin.{name}" for name in PACKAGES)
    for info in pkgutil.walk_packages(wxlogin.__path__, "wxlogin."):
        if info.name.startswith(prefixes) and not info.name.startswith("wxlogin.api.schema"):
            yield importlib.import_module(info.name)


def _is_class_of(module: Any, value: Any) -> bool:
    return isinstance(value, type) and value.__module__ == module.__name__


def _function_of(member: Any) -> Any:
    if isinstance(member, property):
        return member.fget
    if isinstance(member, cached_property):
        return member.func
    return getattr(member, "__func__", member)


def _caller_of(frame: FrameType, codes: Mapping[CodeType, str]) -> CodeType | None:
    caller = frame.f_back
    while caller and caller.f_code not in codes:
        caller = caller.f_back
    return caller.f_code if caller else None


@contextmanager
def traced(trace: Any) -> Iterator[None]:
    """Call ``trace`` for the functions of this thread, and of the threads that it starts."""
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]


@contextmanager
def noting(codes: Mapping[CodeType, str], reached: dict[Call, int]) -> Iterator[None]:
    """Note which of ``codes`` run, and the last line of each one's first call."""
    first: dict[Call, int] = {}

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code not in codes:
            return None
        call = frame.f_code, _caller_of(frame, codes)
        if call in reached and first.get(call) != id(frame):
            return None
        first[call] = id(frame)
        reached.setdefault(call, frame.f_lineno)

        def note_line(frame: FrameType, event: str, arg: Any) -> Any:
            if event == "line":
                reached[call] = frame.f_lineno
            return note_line

        return note_line

    with traced(trace):
        yield


@contextmanager
def breaking(call: Call, moment: str, last_line: int, codes: Mapping[CodeType, str]) -> Iterator[list[str]]:
    """Let the function raise ``Bug`` at the ``last line`` of its first call, with its variables set, or at ``return``.

    An error at ``return`` is as if the caller had raised it: the function's own variables are gone. Yield a list that
    gets an item when it has raised.
    """
    raised: list[str] = []

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        is_meant = frame.f_code is call[0] and _caller_of(frame, codes) is call[1]
        return raise_at if is_meant and not raised else None

    def raise_at(frame: FrameType, event: str, arg: Any) -> Any:
        is_last_line = event == "line" and frame.f_lineno == last_line
        if not raised and (is_last_line if moment == "last line" else event == "return"):
            raised.append(moment)
            # This function is in the traceback, too, and ``arg`` is the value that would be returned.
            del frame, arg
            raise Bug
        return raise_at

    with traced(trace):
        yield raised
