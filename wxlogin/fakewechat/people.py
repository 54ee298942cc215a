from dataclasses import dataclass
from typing import TypedDict


class PersonFields(TypedDict, total=False):
    unionid: str | None
    phone: str | None
    nickname: str | None


@dataclass(frozen=True)
class Person:
    openid: str
    unionid: str | None = None
    phone: str | None = None
    nickname: str | None = None
