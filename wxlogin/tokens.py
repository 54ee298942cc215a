"""The access and refresh tokens, made and read with Simple JWT. No other module imports Simple JWT.

``access`` is an ordinary Simple JWT access token with a session id added, so code that knows only Simple JWT
accepts it. ``refresh`` has a token type of its own, so Simple JWT's refresh view refuses it.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.state import token_backend

from wxlogin.conf import conf
from wxlogin.exceptions import TokenInvalid
from wxlogin.secret import Secret

SESSION_CLAIM = "wx_session"
GENERATION_CLAIM = "generation"
APPID_CLAIM = "appid"

SESSION_ID = re.compile("[0-9a-f]{32}")
# The column holds no larger one.
GENERATIONS = range(2**31)
# Seconds since 1970, up to the year 9999.
TIMES = range(1, 253_402_300_800)
# What PyJWT raises for a token of a strange shape, besides errors of its own: its header and its claims may be any
# JSON, nested a thousand deep, and a token with half of a surrogate pair in it can't be encoded.
STRANGE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)

# Seconds for which a token of ours is still accepted after its time.
LEEWAY = 30


@dataclass(frozen=True)
class TokenPair:
    """The two tokens that a login or a refresh returns, each with its remaining lifetime in whole seconds."""

    access: Secret[str]
    refresh: Secret[str]
    expires_in: int
    refresh_expires_in: int


@dataclass(frozen=True)
class AccessClaims:
    """The claims of an access token. ``expires_at`` is in seconds since 1970: see ``is_past``."""

    session_id: str
    user_id: str
    expires_at: int


@dataclass(frozen=True)
class RefreshClaims:
    """The claims of a refresh token. ``expires_at`` is in seconds since 1970: see ``is_past``."""

    session_id: str
    generation: int
    expires_at: int


def issue(
    user: AbstractBaseUser,
    *,
    appid: str,
    session_id: str,
    generation: int,
    since: datetime,
    until: datetime,
    now: datetime,
) -> TokenPair:
    """Make the token pair for one generation of a login session. All times are the database's.

    The generation began at ``since``. No token is valid after ``until``. A client whose answer got lost can get a
    refresh token again, with the same generation and token id. Only if ``since`` is the same, too, are the two equal.
    """
    refresh_until = min(since + conf.SESSION_IDLE, until)
    access_until = min(now + (conf.ACCESS_LIFETIME or api_settings.ACCESS_TOKEN_LIFETIME), refresh_until)

    access = _SessionAccessToken.for_user(user)
    access[APPID_CLAIM] = appid
    _set_session_and_end(access, session_id, access_until)

    refresh = _SessionRefreshToken()
    refresh[GENERATION_CLAIM] = generation
    refresh[api_settings.JTI_CLAIM or "jti"] = f"{session_id}.{generation}"
    _set_session_and_end(refresh, session_id, refresh_until)

    backend = next(_backends())
    return TokenPair(
        access=Secret(backend.encode(access.payload)),
        refresh=Secret(backend.encode(refresh.payload)),
        expires_in=_seconds(access_until - now),
        refresh_expires_in=_seconds(refresh_until - now),
    )


def read_access(raw: Secret[str]) -> AccessClaims | None:
    """Verify an access token, all but its time, and return its claims. Raises ``TokenInvalid``.

    Return None for a genuine Simple JWT access token that wxlogin didn't issue.
    """
    payload = _verified_payload(raw, _SessionAccessToken)
    if SESSION_CLAIM not in payload:
        # Its times were never the database's.
        _decode(raw, is_timed=True)
        return None
    user_id_claim = payload.get(api_settings.USER_ID_CLAIM)
    if not isinstance(user_id_claim, str | int):
        raise TokenInvalid
    return AccessClaims(_session_id_in(payload), str(user_id_claim), _integer_in(payload, "exp", TIMES))


def read_refresh(raw: Secret[str]) -> RefreshClaims:
    """Verify a refresh token, all but its time, and return its claims. Raises ``TokenInvalid``."""
    payload = _verified_payload(raw, _SessionRefreshToken)
    # A project can turn the type claim off in SIMPLE_JWT. Then an access token, without a generation, gets this far.
    generation = _integer_in(payload, GENERATION_CLAIM, GENERATIONS)
    return RefreshClaims(_session_id_in(payload), generation, _integer_in(payload, "exp", TIMES))


def is_past(expires_at: int, now: datetime) -> bool:
    """True if a token with this end isn't valid any more. ``now`` is the database's time, as it was for its end."""
    return now.timestamp() >= expires_at + LEEWAY


def user_id(user: AbstractBaseUser) -> str:
    """Return the value of the user id claim for ``user``."""
    return str(getattr(user, api_settings.USER_ID_FIELD))


def missing_user_id_field() -> str:
    """Return the name of ``SIMPLE_JWT``'s user id field if the project's user model lacks it, else ``""``."""
    name = str(api_settings.USER_ID_FIELD)
    # A model whose primary key has another name may set ``id = None``.
    return name if getattr(get_user_model(), name, None) is None else ""


def symmetric_keys() -> list[Secret[str]]:
    """Return the keys that a token may be signed with, the current key first.

    The list is empty if ``SIMPLE_JWT`` names an asymmetric algorithm. Django's fallbacks are former values of
    ``SECRET_KEY``, so a ``SIGNING_KEY`` of its own has fallbacks of its own.
    """
    if not api_settings.ALGORITHM.startswith("HS"):
        return []
    key = Secret(str(api_settings.SIGNING_KEY))
    if key.reveal() != settings.SECRET_KEY:
        return [key, *conf.SIGNING_KEY_FALLBACKS]
    return [key, *map(Secret, settings.SECRET_KEY_FALLBACKS)]


def _backend(signing_key: Secret[str]) -> TokenBackend:
    return TokenBackend(
        api_settings.ALGORITHM,
        signing_key.reveal(),
        api_settings.VERIFYING_KEY,
        api_settings.AUDIENCE,
        api_settings.ISSUER,
        api_settings.JWK_URL,
        api_settings.LEEWAY,
        api_settings.JSON_ENCODER,
    )


def _backends() -> Iterator[TokenBackend]:
    """Yield a backend for each key that a token may be signed with, the current key first."""
    if keys := symmetric_keys():
        yield from map(_backend, keys)
    else:
        # Simple JWT's own backend lives as long as the process and caches the keys from JWK_URL.
        yield token_backend


class _SessionToken(tokens.Token):
    def get_token_backend(self) -> TokenBackend:
        return next(_backends())


class _SessionAccessToken(_SessionToken, tokens.AccessToken):
    pass


class _SessionRefreshToken(_SessionToken):
    token_type = "wxlogin_refresh"  # noqa: S105  a name, no secret
    # ``issue`` sets the expiry from the session.
    lifetime = timedelta()


def _set_session_and_end(token: tokens.Token, session_id: str, until: datetime) -> None:
    token[SESSION_CLAIM] = session_id
    token["exp"] = int(until.timestamp())
    # Simple JWT refuses a token with an ``iat`` in the future, so a host whose clock is behind would refuse it.
    del token["iat"]


def _verified_payload(raw: Secret[str], kind: type[tokens.Token]) -> dict[str, Any]:
    """Return the payload of a genuine token of this kind, whatever its time. Raises ``TokenInvalid``."""
    payload = _decode(raw, is_timed=False)
    type_claim, id_claim = api_settings.TOKEN_TYPE_CLAIM, api_settings.JTI_CLAIM
    if type_claim is not None and payload.get(type_claim) != kind.token_type:
        raise TokenInvalid
    if id_claim is not None and id_claim not in payload:
        raise TokenInvalid
    return payload


def _decode(raw: Secret[str], *, is_timed: bool) -> dict[str, Any]:
    """Return the payload if one of our keys signed it. Raises ``TokenInvalid``.

    If ``is_timed``, this host's clock decides whether the token is valid now.
    """
    for backend in _backends():
        with suppress(jwt.PyJWTError, TokenBackendError, *STRANGE):
            payload: dict[str, Any] = jwt.decode(
                raw.reveal(),
                backend.get_verifying_key(raw.reveal()),  # type: ignore[arg-type]
                algorithms=[backend.algorithm],
                audience=backend.audience,
                issuer=backend.issuer,
                leeway=backend.get_leeway(),
                options={
                    "require": ["exp"],
                    "verify_aud": backend.audience is not None,
                    "verify_exp": is_timed,
                    "verify_iat": is_timed,
                },
            )
            return payload
    # Errors of PyJWT can quote the token, so none is part of this one.
    raise TokenInvalid from None


def _integer_in(payload: dict[str, Any], claim: str, possible: range) -> int:
    value = payload.get(claim)
    # True and False are integers in Python.
    if type(value) is not int or value not in possible:
        raise TokenInvalid
    return value


def _session_id_in(payload: dict[str, Any]) -> str:
    """Return the session id. A project's own code has our key too, so the claim may be anything."""
    value = payload.get(SESSION_CLAIM)
    if not (isinstance(value, str) and SESSION_ID.fullmatch(value)):
        raise TokenInvalid
    return value


def _seconds(duration: timedelta) -> int:
    return max(0, round(duration.total_seconds()))
