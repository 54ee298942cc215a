"""The access and refresh tokens, made and read with Simple JWT. No other module imports Simple JWT.

``access`` is an ordinary Simple JWT access token with a session id added, so code that knows only Simple JWT
accepts it. ``refresh`` has a token type of its own, so Simple JWT's refresh view refuses it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import (
    ExpiredTokenError,
    TokenBackendError,
    TokenBackendExpiredToken,
    TokenError,
)
from rest_framework_simplejwt.settings import api_settings

from wxlogin.conf import conf
from wxlogin.exceptions import TokenInvalid

SESSION_CLAIM = "wx_session"
GENERATION_CLAIM = "generation"
APPID_CLAIM = "appid"

# A token with half of a surrogate pair in it can't be encoded, which raises UnicodeError.
UNREADABLE_TOKEN_ERRORS = (TokenError, UnicodeError)


@dataclass(frozen=True)
class TokenPair:
    """The two tokens that a login or a refresh returns, each with its remaining lifetime in whole seconds."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: int
    refresh_expires_in: int


@dataclass(frozen=True)
class AccessClaims:
    session_id: str
    user_id: str


@dataclass(frozen=True)
class RefreshClaims:
    session_id: str
    generation: int
    expired: bool


def issue(
    user: AbstractBaseUser, *, appid: str, session_id: str, generation: int, since: datetime, until: datetime
) -> TokenPair:
    """Make the token pair for one generation of a login session.

    The generation began at ``since``. No token is valid after ``until``. The same arguments always give the same
    refresh token, so a client whose answer got lost can get it again.
    """
    now = datetime.now(UTC)
    refresh_until = min(since + conf.SESSION_IDLE, until)
    access_until = min(now + (conf.ACCESS_LIFETIME or api_settings.ACCESS_TOKEN_LIFETIME), refresh_until)

    access = _SessionAccessToken.for_user(user)
    access[APPID_CLAIM] = appid
    _set_session_and_times(access, session_id, since=now, until=access_until)

    refresh = _SessionRefreshToken()
    refresh[GENERATION_CLAIM] = generation
    refresh[api_settings.JTI_CLAIM or "jti"] = f"{session_id}.{generation}"
    _set_session_and_times(refresh, session_id, since=since, until=refresh_until)

    return TokenPair(
        access=str(access),
        refresh=str(refresh),
        expires_in=_seconds(access_until - now),
        refresh_expires_in=_seconds(refresh_until - now),
    )


def read_access(raw: str) -> AccessClaims | None:
    """Verify an access token and return its claims. Raises ``TokenInvalid``.

    Return None for a genuine Simple JWT access token that wxlogin didn't issue.
    """
    try:
        token = _SessionAccessToken(raw)  # type: ignore[arg-type]
    except UNREADABLE_TOKEN_ERRORS:
        raise TokenInvalid from None
    if SESSION_CLAIM not in token.payload:
        return None
    return AccessClaims(token.payload[SESSION_CLAIM], str(token.payload.get(api_settings.USER_ID_CLAIM)))


def read_refresh(raw: str) -> RefreshClaims:
    """Verify a refresh token and return its claims. Raises ``TokenInvalid``.

    An expired token is read too, with ``expired`` set, since the caller can still say how its session ended.
    """
    expired = False
    try:
        payload = _SessionRefreshToken(raw).payload  # type: ignore[arg-type]
    except ExpiredTokenError:
        expired = True
        payload = _read_expired(raw)
    except UNREADABLE_TOKEN_ERRORS:
        raise TokenInvalid from None
    # A project can turn the type claim off in SIMPLE_JWT. Then an access token gets this far.
    if GENERATION_CLAIM not in payload:
        raise TokenInvalid
    return RefreshClaims(payload[SESSION_CLAIM], payload[GENERATION_CLAIM], expired)


def user_id(user: AbstractBaseUser) -> str:
    """Return the value of the user id claim for ``user``."""
    return str(getattr(user, api_settings.USER_ID_FIELD))


def missing_user_id_field() -> str:
    """Return the name of ``SIMPLE_JWT``'s user id field if the project's user model lacks it, else ``""``."""
    name = str(api_settings.USER_ID_FIELD)
    return "" if hasattr(get_user_model(), name) else name


def symmetric_keys() -> list[str]:
    """Return the keys that a token may be signed with, the current key first.

    The list is empty if ``SIMPLE_JWT`` names an asymmetric algorithm.
    """
    if not api_settings.ALGORITHM.startswith("HS"):
        return []
    return [str(api_settings.SIGNING_KEY), *settings.SECRET_KEY_FALLBACKS]


class _RotatingBackend(TokenBackend):
    """Sign with the current key, and accept tokens that a key of ``SECRET_KEY_FALLBACKS`` signed."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            return super().decode(token, verify)
        except TokenBackendExpiredToken:
            # The signature was right, so another key can't help.
            raise
        except TokenBackendError:
            for backend in self._fallbacks():
                try:
                    return backend.decode(token, verify)
                except TokenBackendExpiredToken:
                    raise
                except TokenBackendError:
                    continue
            raise

    def _fallbacks(self) -> Iterator[TokenBackend]:
        yield from (_backend(key) for key in symmetric_keys()[1:])


def _backend(signing_key: str, kind: type[TokenBackend] = TokenBackend) -> TokenBackend:
    return kind(
        api_settings.ALGORITHM,
        signing_key,
        api_settings.VERIFYING_KEY,
        api_settings.AUDIENCE,
        api_settings.ISSUER,
        api_settings.JWK_URL,
        api_settings.LEEWAY,
        api_settings.JSON_ENCODER,
    )


class _RotatingKeyToken(tokens.Token):
    def get_token_backend(self) -> TokenBackend:
        if not symmetric_keys():
            # Simple JWT's own backend lives as long as the process and caches the keys from JWK_URL.
            return super().get_token_backend()
        return _backend(api_settings.SIGNING_KEY, _RotatingBackend)


class _SessionAccessToken(_RotatingKeyToken, tokens.AccessToken):
    pass


class _SessionRefreshToken(_RotatingKeyToken):
    token_type = "wxlogin_refresh"  # noqa: S105  a name, no secret
    # ``issue`` sets the expiry from the session.
    lifetime = timedelta()


def _set_session_and_times(token: tokens.Token, session_id: str, *, since: datetime, until: datetime) -> None:
    token[SESSION_CLAIM] = session_id
    token.set_iat(at_time=since)
    token.set_exp(from_time=until, lifetime=timedelta())


def _read_expired(raw: str) -> dict[str, Any]:
    """Return the payload of an expired refresh token whose signature has been verified.

    Simple JWT checks the expiry before the type, so the type is checked here. Raises ``TokenInvalid``.
    """
    token = _SessionRefreshToken(raw, verify=False)  # type: ignore[arg-type]
    try:
        token.verify_token_type()
    except TokenError:
        raise TokenInvalid from None
    return token.payload


def _seconds(duration: timedelta) -> int:
    return max(0, round(duration.total_seconds()))
