"""Checks of ``settings.WXLOGIN``: every key, with an id and a hint for each."""

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _, gettext_lazy

from wxlogin.conf import Rate, conf

APP_KEYS = {"SECRET", "NAME", "OPEN_PLATFORM", "PUSH_TOKEN", "PUSH_AES_KEY"}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def settings_problems(keys: Iterable[str] | None = None) -> Iterator[CheckMessage]:
    """Yield what is wrong with ``APPS`` and with ``keys``, or with all keys if none are named."""
    declared = getattr(settings, "WXLOGIN", None)
    if not isinstance(declared, Mapping):
        yield Error(
            _("settings.WXLOGIN is missing or no dict."),
            hint=_('Set WXLOGIN = {"APPS": {"wx…": {"SECRET": "…"}}}.'),
            id="wxlogin.E001",
        )
        return
    for key in declared.keys() - KEYS.keys():
        yield Warning(
            _("WXLOGIN has an unknown key {key!r}.").format(key=key),
            hint=str(KNOWN).format(names=", ".join(KEYS)),
            id="wxlogin.W001",
        )
    yield from _apps_problems(declared.get("APPS"))
    for key in keys or KEYS:
        number, is_good, hint = KEYS[key]
        if key in declared and not is_good(declared[key]):
            yield Error(
                _("{key} is unusable.").format(key=f"WXLOGIN[{key!r}]"),
                hint=str(hint),
                id=f"wxlogin.{number}",
            )
    api_base = str(declared.get("API_BASE", ""))
    if _is_url(api_base) and urlsplit(api_base).scheme == "http" and not _is_loopback(api_base):
        yield Warning(
            _("WXLOGIN['API_BASE'] is not encrypted: the AppSecret travels in clear."),
            hint=_("Use https, or a fake WeChat on loopback."),
            id="wxlogin.W002",
        )


def deployment_problems() -> Iterator[CheckMessage]:
    """Yield warnings about settings that are fine for development and not for production."""
    for app in conf.APPS.values():
        if app.push_token and not app.push_aes_key:
            yield Warning(
                _(
                    "{app} receives pushes in plain mode: their signature does not cover what they say."
                ).format(app=_entry(app.appid)),
                hint=_(
                    "Choose the secure mode in the WeChat console and set PUSH_AES_KEY to its EncodingAESKey."
                ),
                id="wxlogin.W007",
            )


def _entry(appid: object) -> str:
    return f"WXLOGIN['APPS'][{appid!r}]"


def _apps_problems(apps: Any) -> Iterator[CheckMessage]:
    if not isinstance(apps, Mapping) or not apps:
        yield Error(
            _("WXLOGIN['APPS'] lists no mini-program."),
            hint=_(
                'Set it to {"wx…": {"SECRET": "…"}}, AppID and AppSecret as the WeChat console shows them.'
            ),
            id="wxlogin.E002",
        )
        return
    for appid, app in apps.items():
        if (
            not isinstance(app, Mapping)
            or not isinstance(app.get("SECRET"), str)
            or not app["SECRET"].strip()
        ):
            yield Error(
                _("{app} has no SECRET.").format(app=_entry(appid)),
                hint=_("Take the AppSecret from the WeChat console, under development settings."),
                id="wxlogin.E003",
            )
        elif unknown := app.keys() - APP_KEYS:
            yield Warning(
                _("{app} has unknown keys: {names}.").format(
                    app=_entry(appid), names=", ".join(sorted(map(repr, unknown)))
                ),
                hint=str(KNOWN).format(names=", ".join(sorted(APP_KEYS))),
                id="wxlogin.W003",
            )
        if isinstance(app, Mapping):
            yield from _app_problems(appid, app)
        if not isinstance(appid, str) or not re.fullmatch(r"\S{1,32}", appid):
            yield Error(
                _("WXLOGIN['APPS'] has a key that can't be an AppID: {appid!r}.").format(appid=appid),
                hint=_("An AppID is a short word like wx0123456789abcdef."),
                id="wxlogin.E004",
            )


def _app_problems(appid: str, app: Mapping[str, Any]) -> Iterator[CheckMessage]:
    push_token, push_aes_key = app.get("PUSH_TOKEN"), app.get("PUSH_AES_KEY")
    if not _is_group(app.get("OPEN_PLATFORM")):
        yield Error(
            _("{key} is unusable.").format(key=f"{_entry(appid)}['OPEN_PLATFORM']"),
            hint=_("A word of at most 64 characters, the same for all apps of one open-platform account."),
            id="wxlogin.E023",
        )
    if push_token and not _is_push_token(push_token):
        yield Error(
            _("{key} is unusable.").format(key=f"{_entry(appid)}['PUSH_TOKEN']"),
            hint=_("The Token of the WeChat console, under message push: 3 to 32 letters and digits."),
            id="wxlogin.E024",
        )
    if push_aes_key and not _is_push_aes_key(push_aes_key):
        yield Error(
            _("{key} is unusable.").format(key=f"{_entry(appid)}['PUSH_AES_KEY']"),
            hint=_("The EncodingAESKey of the WeChat console, under message push: 43 characters."),
            id="wxlogin.E025",
        )
    if push_aes_key and not push_token:
        yield Error(
            _("{app} has a PUSH_AES_KEY and no PUSH_TOKEN, so every push is refused.").format(
                app=_entry(appid)
            ),
            hint=_("Set PUSH_TOKEN to the Token that stands beside it in the WeChat console."),
            id="wxlogin.E029",
        )


def _is_group(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= 64)


def _is_push_token(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch("[A-Za-z0-9]{3,32}", value))


def _is_push_aes_key(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 43 and _is_key(f"{value}=")


def _is_url(value: Any) -> bool:
    try:
        parts = urlsplit(str(value))
        is_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        # The host is no IPv6 address, or the port is no number.
        return False
    return parts.scheme in {"http", "https"} and is_host and not parts.query and not parts.fragment


def _is_loopback(value: str) -> bool:
    return urlsplit(value).hostname in LOOPBACK


def _is_file(value: Any) -> bool:
    return value is None or (isinstance(value, str | Path) and Path(value).is_file())


def _is_deadline(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 3600


def _is_count(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_duration(least: timedelta) -> Callable[[Any], bool]:
    def is_duration(value: Any) -> bool:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return least.total_seconds() <= value <= CENTURY.total_seconds()
        return isinstance(value, timedelta) and least <= value <= CENTURY

    return is_duration


def _are_keys(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_key, value))


def _is_key(value: Any) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == 32
    except (TypeError, ValueError):
        return False


def _are_strings(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _is_rate(value: Any) -> bool:
    try:
        Rate.parse(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_callable_path(value: Any) -> bool:
    try:
        return callable(import_string(value))
    except (ImportError, AttributeError, TypeError):
        return False


SECOND = timedelta(seconds=1)
# Longer durations end after the last year that a calendar knows.
CENTURY = timedelta(days=36500)
DURATION = gettext_lazy("A timedelta, or a number of seconds, of at most a century.")
RATE = gettext_lazy("A count and a unit: 30/min, 5/s, 1000/hour.")
KNOWN = gettext_lazy("Unknown keys are ignored. Known keys: {names}.")

# key: (id, test of the value, hint)
KEYS: dict[str, tuple[str, Callable[[Any], bool], str | Promise]] = {
    # _apps_problems checks the apps.
    "APPS": ("E002", lambda value: True, ""),
    "API_BASE": ("E005", _is_url, gettext_lazy("A URL such as https://api.weixin.qq.com.")),
    "CA_BUNDLE": ("E006", _is_file, gettext_lazy("The path of a readable PEM file, or None.")),
    "UPSTREAM_DEADLINE": ("E007", _is_deadline, gettext_lazy("Seconds, more than 0 and at most 3600.")),
    "ENCRYPTION_KEYS": ("E008", _are_keys, gettext_lazy("A list of keys, each 32 bytes in base64.")),
    "UPSTREAM_CONCURRENCY": ("E009", _is_count(1), gettext_lazy("A whole number, 1 or more.")),
    "BREAKER_FAILURES": ("E031", _is_count(0), gettext_lazy("A whole number; 0 for no breaker.")),
    "BREAKER_PAUSE": ("E032", _is_duration(timedelta()), DURATION),
    "SIGNING_KEY_FALLBACKS": (
        "E033",
        _are_strings,
        gettext_lazy("A list of strings: former values of SIGNING_KEY."),
    ),
    "ACCESS_LIFETIME": ("E010", _is_duration(SECOND), DURATION),
    "SESSION_IDLE": ("E011", _is_duration(SECOND), DURATION),
    "SESSION_ABSOLUTE": ("E012", _is_duration(SECOND), DURATION),
    "REFRESH_GRACE": ("E013", _is_duration(timedelta()), DURATION),
    "MAX_SESSIONS": ("E014", _is_count(1), gettext_lazy("A whole number, 1 or more.")),
    "LOGIN_RATE": ("E015", _is_rate, RATE),
    "REFRESH_RATE": ("E016", _is_rate, RATE),
    "DATA_RATE": ("E026", _is_rate, RATE),
    "OPEN_DATA_MAX_AGE": ("E027", _is_duration(SECOND), DURATION),
    "RETENTION": ("E028", _is_duration(SECOND), DURATION),
    "TRUSTED_PROXIES": ("E017", _is_count(0), gettext_lazy("How many proxies in front are yours: 0, 1, …")),
    "USER_FACTORY": (
        "E018",
        _is_callable_path,
        gettext_lazy("The dotted path of a function (appid, openid, unionid) → user."),
    ),
    "KEEP_TOKEN_ADMIN": ("E030", lambda value: value in (True, False), gettext_lazy("True or False.")),
    "USER_SERIALIZER": (
        "E019",
        _is_callable_path,
        gettext_lazy("The dotted path of a DRF serializer of WeChatUser."),
    ),
}
