"""``settings.WXLOGIN`` as typed attributes, read at the moment of use."""

import base64
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from wxlogin.secret import PrivateDict, Secret

RATE = re.compile(r"([1-9]\d{0,8})/(?:(s)(?:ec(?:ond)?)?|(m)(?:in(?:ute)?)?|(h)(?:our)?|(d)(?:ay)?)")
DEFAULT_FACTORY = "wxlogin.services.accounts.create_user"
# The same function, where it is defined.
DEFINED_FACTORY = "wxlogin.services.accounts.creating.create_user"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class App:
    """One mini-program. ``open_platform`` names the group of apps whose unionids mean the same person."""

    appid: str
    secret: Secret[str]
    name: str = ""
    open_platform: str = ""
    push_token: Secret[str] = Secret("")
    push_aes_key: Secret[str] = Secret("")


@dataclass(frozen=True)
class Rate:
    """A throttling rate of at most ``limit`` calls within ``seconds``."""

    limit: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Parse a text like ``30/min``, ``5/s`` or ``1000/hour``. Raises ``ValueError`` for anything else."""
        if not (match := RATE.fullmatch(text)):
            raise ValueError(f"{text!r} is no rate")
        return cls(int(match[1]), SECONDS[next(filter(None, match.groups()[1:]))])


class Conf:
    """The keys of ``settings.WXLOGIN``, each with its default. Values are not validated here but in ``checks``."""

    @property
    def APPS(self) -> dict[str, App]:
        return {appid: self._app(appid) for appid in self._get("APPS", {})}

    def group_of(self, appid: str) -> tuple[str, list[str]]:
        """Return the name of the app's open-platform group and the appids in it. Both are empty without a group."""
        apps = self.APPS
        group = apps[appid].open_platform if appid in apps else ""
        return group, [app.appid for app in apps.values() if group and app.open_platform == group]

    def groups(self) -> list[list[str]]:
        """Return one list of appids for each open-platform group that the settings name."""
        names = {app.open_platform for app in self.APPS.values()} - {""}
        return [[app.appid for app in self.APPS.values() if app.open_platform == name] for name in names]

    @property
    def API_BASE(self) -> str:
        return str(self._get("API_BASE", "https://api.weixin.qq.com"))

    @property
    def CA_BUNDLE(self) -> str | None:
        """The path of a file with CA certificates. None means the CA certificates that requests ships."""
        return self._get("CA_BUNDLE", None) or None

    @property
    def UPSTREAM_DEADLINE(self) -> float:
        """Seconds that a whole call to WeChat may take, its retry included."""
        return float(self._get("UPSTREAM_DEADLINE", 5.0))

    @property
    def UPSTREAM_CONCURRENCY(self) -> int:
        return int(self._get("UPSTREAM_CONCURRENCY", 6))

    @property
    def BREAKER_FAILURES(self) -> int:
        """The number of calls in a row without an answer after which WeChat isn't asked. 0 means no breaker."""
        return int(self._get("BREAKER_FAILURES", 5))

    @property
    def BREAKER_PAUSE(self) -> timedelta:
        return self._duration("BREAKER_PAUSE", timedelta(seconds=5))

    @property
    def ENCRYPTION_KEYS(self) -> list[Secret[bytes]]:
        """The vault's keys, 32 bytes each. The first one seals, and each of them opens.

        The listed keys come first. The keys derived from ``SECRET_KEY`` and its fallbacks follow, so a project
        that lists its first key can still open what was sealed before.
        """
        listed = map(Secret, self._get("ENCRYPTION_KEYS", None) or ())
        secrets = map(Secret, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
        return [*map(_decoded_key, listed), *map(_derived_key, secrets)]

    def derives_keys(self) -> bool:
        """True if the settings list no ``ENCRYPTION_KEYS``, so that only keys derived from ``SECRET_KEY`` are used."""
        return not self._get("ENCRYPTION_KEYS", None)

    @property
    def ACCESS_LIFETIME(self) -> timedelta | None:
        """The lifetime of an access token. None means Simple JWT's ``ACCESS_TOKEN_LIFETIME``."""
        return self._duration("ACCESS_LIFETIME", timedelta()) or None

    @property
    def SIGNING_KEY_FALLBACKS(self) -> list[Secret[str]]:
        """Former values of the ``SIGNING_KEY`` in ``SIMPLE_JWT``, which only verify tokens."""
        return list(map(Secret, self._get("SIGNING_KEY_FALLBACKS", [])))

    @property
    def SESSION_IDLE(self) -> timedelta:
        return self._duration("SESSION_IDLE", timedelta(days=7))

    @property
    def SESSION_ABSOLUTE(self) -> timedelta:
        return self._duration("SESSION_ABSOLUTE", timedelta(days=30))

    @property
    def REFRESH_GRACE(self) -> timedelta:
        return self._duration("REFRESH_GRACE", timedelta(seconds=30))

    @property
    def MAX_SESSIONS(self) -> int:
        return int(self._get("MAX_SESSIONS", 10))

    @property
    def LOGIN_RATE(self) -> Rate:
        return Rate.parse(self._get("LOGIN_RATE", "30/min"))

    @property
    def REFRESH_RATE(self) -> Rate:
        return Rate.parse(self._get("REFRESH_RATE", "60/min"))

    @property
    def DATA_RATE(self) -> Rate:
        return Rate.parse(self._get("DATA_RATE", "20/min"))

    @property
    def TRUSTED_PROXIES(self) -> int:
        return int(self._get("TRUSTED_PROXIES", 0))

    @property
    def OPEN_DATA_MAX_AGE(self) -> timedelta:
        """The greatest age of open data that is accepted, counted from the watermark's timestamp."""
        return self._duration("OPEN_DATA_MAX_AGE", timedelta(minutes=10))

    @property
    def RETENTION(self) -> timedelta:
        """The time for which ended sessions, failures and other traces are kept."""
        return self._duration("RETENTION", timedelta(days=180))

    @property
    def USER_FACTORY(self) -> Any:
        """The callable that creates a user. It takes ``appid``, ``openid`` and ``unionid`` and returns a saved user."""
        return import_string(self._get("USER_FACTORY", DEFAULT_FACTORY))

    def has_default_factory(self) -> bool:
        """True if ``USER_FACTORY`` is ours. This imports nothing, since a project's factory imports its models."""
        return self._get("USER_FACTORY", DEFAULT_FACTORY) in (DEFAULT_FACTORY, DEFINED_FACTORY)

    @property
    def USER_SERIALIZER(self) -> Any:
        """The DRF serializer class that shows a ``WeChatUser`` to the person it belongs to."""
        return import_string(self._get("USER_SERIALIZER", "wxlogin.api.serializers.UserSerializer"))

    @property
    def KEEP_TOKEN_ADMIN(self) -> bool:
        """True if the admin keeps Simple JWT's own pages for its blacklist app, which show live refresh tokens."""
        return bool(self._get("KEEP_TOKEN_ADMIN", False))

    def _app(self, appid: str) -> App:
        declared = PrivateDict(self._get("APPS", {})[appid])
        return App(
            appid=appid,
            secret=Secret(declared.get("SECRET", "")),
            name=declared.get("NAME") or appid,
            open_platform=declared.get("OPEN_PLATFORM") or "",
            push_token=Secret(declared.get("PUSH_TOKEN") or ""),
            push_aes_key=Secret(declared.get("PUSH_AES_KEY") or ""),
        )

    def _get(self, name: str, default: Any) -> Any:
        return getattr(settings, "WXLOGIN", {}).get(name, default)

    def _duration(self, name: str, default: timedelta) -> timedelta:
        """Return the setting as a ``timedelta``. A plain number means seconds."""
        value: timedelta | float = self._get(name, default)
        return timedelta(seconds=value) if isinstance(value, int | float) else value


@lru_cache(maxsize=16)
def _derived_key(secret: Secret[Any]) -> Secret[bytes]:
    return Secret(salted_hmac("wxlogin.vault", "", secret=secret.reveal(), algorithm="sha256").digest())


def _decoded_key(listed: Secret[Any]) -> Secret[bytes]:
    return Secret(base64.b64decode(listed.reveal(), validate=True))


conf = Conf()
