"""Reading tokens that are plain texts. Apart from ``plain``, which needs no Django."""

from wxlogin import tokens
from wxlogin.secret import Secret


def read_access(raw: str) -> tokens.AccessClaims | None:
    return tokens.read_access(Secret(raw))


def read_refresh(raw: str) -> tokens.RefreshClaims:
    return tokens.read_refresh(Secret(raw))
