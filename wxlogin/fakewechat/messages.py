"""What comes in over HTTP and what goes out, once the sockets are out of the picture."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str
    status: int = 200
    errcode: int | str | None = None  # what the body says, for the list of calls


class Refusal(Exception):
    """WeChat says no, with this errcode."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode
