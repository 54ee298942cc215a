"""What was asked of the fake. The lock of whoever owns this guards it."""

import dataclasses
from collections import deque
from dataclasses import dataclass

from wxlogin.fakewechat.messages import Request

CALLS_KEPT = 10_000  # a load test must not fill the memory
MASKED = {"secret", "js_code", "access_token", "signature", "msg_signature"}


@dataclass
class Call:
    """One platform call. ``status`` stays None while there is no answer, and after a reset connection.

    Bodies are left out: whatever is in them is a secret or beside the point.
    """

    method: str
    path: str
    query: dict[str, str]
    time: float
    status: int | None = None
    errcode: int | str | None = None


class Calls:
    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)

    def note(self, request: Request, time: float) -> Call:
        query = {name: "***" if name in MASKED else value for name, value in request.query.items()}
        call = Call(request.method, request.path, query, time)
        self._calls.append(call)
        return call

    def copies(self) -> list[Call]:
        return [dataclasses.replace(call, query=dict(call.query)) for call in self._calls]
