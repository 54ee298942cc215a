"""HTTP requests and answers as plain values, WeChat's refusals, and the list of calls."""

import dataclasses
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

# A load test must not fill the memory.
MAX_CALLS = 10_000
MASKED_PARAMETERS = {"secret", "js_code", "access_token", "signature", "msg_signature"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """``errcode`` repeats the one in the body, for the list of calls."""

    body: bytes
    content_type: str
    status: int = 200
    errcode: int | str | None = None


class Refusal(Exception):
    """WeChat refuses the call with this errcode."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode


@dataclass
class Call:
    """One platform call. ``status`` is None before the answer, and stays None after a connection reset.

    Bodies are left out: they hold secrets, or nothing that a test needs.
    """

    method: str
    path: str
    query: dict[str, str]
    time: float
    status: int | None = None
    errcode: int | str | None = None


class Calls:
    """The latest platform calls. ``WeChat`` guards them with its lock."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=MAX_CALLS)

    def add(self, request: Request, time: float) -> Call:
        query = {name: "***" if name in MASKED_PARAMETERS else value for name, value in request.query.items()}
        call = Call(request.method, request.path, query, time)
        self._calls.append(call)
        return call

    def copy(self) -> list[Call]:
        """Return a copy of every call, oldest first."""
        return [dataclasses.replace(call, query=dict(call.query)) for call in self._calls]
