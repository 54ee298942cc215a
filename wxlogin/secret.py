"""Holders for values that no log line and no crash report may show.

A crash report quotes the local variables of every function on the way to the error, and the request's body. It
takes ``repr`` of most values. Sentry looks into dicts, lists and strings, unless their type has ``__sentry_repr__``.
"""

import hmac
from typing import Any, Generic, NoReturn, Self, SupportsIndex, TypeVar

MASK = "***"

T_co = TypeVar("T_co", covariant=True)


class Secret(Generic[T_co]):
    """A value that only ``reveal`` shows. Call it within an expression, and give its result no name."""

    __slots__ = ("_value",)

    def __init__(self, value: T_co) -> None:
        self._value = value

    def reveal(self) -> T_co:
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __sentry_repr__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __len__(self: "Secret[str] | Secret[bytes]") -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        """True for a ``Secret`` with the same text. The time that it takes tells nothing about the text."""
        return isinstance(other, Secret) and hmac.compare_digest(_encoded(self), _encoded(other))

    def __hash__(self) -> int:
        return hash(self._value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret can't be pickled")


class PrivateStr(str):
    """A string that shows a mask in place of its ``repr``. Use it as any string: in SQL, JSON and f-strings.

    The result of a method, of ``+`` or of an f-string is an ordinary string again.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        # The str of a subclass would be an ordinary string. Serializers call it.
        return self

    def __sentry_repr__(self) -> str:
        return MASK

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type[str], tuple[str]]:
        # As an ordinary string: a process without this class, or of a version before it, reads the pickle too.
        return str, (str.__str__(self),)


class PrivateDict(dict[str, Any]):
    """A dict that shows a mask in place of its items. A copy of it is an ordinary dict."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    def __sentry_repr__(self) -> str:
        return MASK

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        # As an ordinary dict: a project may hand a pushed message to a worker of another version.
        return dict, (dict(self),)


def _encoded(secret: Secret[Any]) -> bytes:
    value = secret.reveal()
    # An untrusted text may hold half surrogate pairs.
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
