"""Our JWTs, made and read with Simple JWT; nothing else imports it.

``access`` is an ordinary Simple JWT access token plus a session id, so code that knows only Simple JWT
accepts it. ``refresh`` has a token type of its own, so Simple JWT's stock refresh view does not.
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

UNREADABLE = (TokenError, UnicodeError)  # half a surrogate pair has no bytes that could be checked


@dataclass(frozen=True)
class TokenPair:
    """What a login or a refresh hands out; the two durations are whole seconds from now."""

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
    """The pair of one generation of a session, which began at ``since``; neither outlives ``until``.

    The same arguments always give the same refresh, so a client whose answer got lost can be given it again.
    """
    now = datetime.now(UTC)
    refresh_until = min(since + conf.SESSION_IDLE, until)
    access_until = min(now + (conf.ACCESS_LIFETIME or api_settings.ACCESS_TOKEN_LIFETIME), refresh_until)

    access = _SessionAccessToken.for_user(user)
    access[APPID_CLAIM] = appid
    _stamp(access, session_id, since=now, until=access_until)

    refresh = _SessionRefreshToken()
    refresh[GENERATION_CLAIM] = generation
    refresh[api_settings.JTI_CLAIM or "jti"] = f"{session_id}.{generation}"
    _stamp(refresh, session_id, since=since, until=refresh_until)

    return TokenPair(
        access=str(access),
        refresh=str(refresh),
        expires_in=_seconds(access_until - now),
        refresh_expires_in=_seconds(refresh_until - now),
    )


def read_access(raw: str) -> AccessClaims | None:
    """None for a genuine Simple JWT token that isn't ours. Raises ``TokenInvalid``."""
    try:
        token = _SessionAccessToken(raw)  # type: ignore[arg-type]
    except UNREADABLE:
        raise TokenInvalid from None
    if SESSION_CLAIM not in token.payload:
        return None
    return AccessClaims(token.payload[SESSION_CLAIM], str(token.payload.get(api_settings.USER_ID_CLAIM)))


def read_refresh(raw: str) -> RefreshClaims:
    """A genuine refresh, also one past its time: its session still has a story. Raises ``TokenInvalid``."""
    expired = False
    try:
        payload = _SessionRefreshToken(raw).payload  # type: ignore[arg-type]
    except ExpiredTokenError:
        expired = True
        payload = _payload_of_expired(raw)
    except UNREADABLE:
        raise TokenInvalid from None
    if GENERATION_CLAIM not in payload:  # an access token, where SIMPLE_JWT drops the type claim
        raise TokenInvalid
    return RefreshClaims(payload[SESSION_CLAIM], payload[GENERATION_CLAIM], expired)


def user_id(user: AbstractBaseUser) -> str:
    """A user as the user id claim names it."""
    return str(getattr(user, api_settings.USER_ID_FIELD))


def missing_user_id_field() -> str:
    """What ``SIMPLE_JWT`` takes a user's id from, where the project's user model has no such thing, else empty."""
    name = str(api_settings.USER_ID_FIELD)
    return "" if hasattr(get_user_model(), name) else name


def symmetric_keys() -> list[str]:
    """What a JWT of ours may be signed with, today's key first; empty where an asymmetric algorithm signs."""
    if not api_settings.ALGORITHM.startswith("HS"):
        return []
    return [str(api_settings.SIGNING_KEY), *settings.SECRET_KEY_FALLBACKS]


class _RotatingBackend(TokenBackend):
    """Signs with today's key and also reads what ``SECRET_KEY_FALLBACKS`` signed."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            return super().decode(token, verify)
        except TokenBackendExpiredToken:
            raise  # the signature held: no other key will do better
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


class _WithRotation(tokens.Token):
    def get_token_backend(self) -> TokenBackend:
        if not symmetric_keys():
            # Simple JWT's own, which lives as long as the process: it remembers the keys behind JWK_URL.
            return super().get_token_backend()
        return _backend(api_settings.SIGNING_KEY, _RotatingBackend)


class _SessionAccessToken(_WithRotation, tokens.AccessToken):
    pass


class _SessionRefreshToken(_WithRotation):
    token_type = "wxlogin_refresh"  # noqa: S105  a name, no secret
    lifetime = timedelta()  # the session decides


def _stamp(token: tokens.Token, session_id: str, *, since: datetime, until: datetime) -> None:
    token[SESSION_CLAIM] = session_id
    token.set_iat(at_time=since)
    token.set_exp(from_time=until, lifetime=timedelta())


def _payload_of_expired(raw: str) -> dict[str, Any]:
    """Only for a token whose signature was found good; its time was looked at before its type."""
    token = _SessionRefreshToken(raw, verify=False)  # type: ignore[arg-type]
    try:
        token.verify_token_type()
    except TokenError:
        raise TokenInvalid from None
    return token.payload


def _seconds(duration: timedelta) -> int:
    return max(0, round(duration.total_seconds()))
