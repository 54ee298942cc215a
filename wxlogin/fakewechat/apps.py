"""The mini-programs that the fake knows."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AppOptions = Mapping[str, str | Mapping[str, Any]]


@dataclass(frozen=True)
class KnownApp:
    """``secret=None`` accepts any secret. An empty push token or key means that none is known."""

    secret: str | None = field(default=None, repr=False)
    push_token: str = field(default="", repr=False)
    push_aes_key: str = field(default="", repr=False)

    @classmethod
    def from_options(cls, options: str | Mapping[str, Any]) -> "KnownApp":
        """Accept a secret alone, or an app's options as in the Django setting ``WXLOGIN["APPS"]``."""
        if isinstance(options, str):
            return cls(options)
        return cls(
            options.get("SECRET"),
            options.get("PUSH_TOKEN") or "",
            options.get("PUSH_AES_KEY") or "",
        )


def known_apps(options: AppOptions, *, check_secrets: bool = True) -> dict[str, KnownApp]:
    apps = {appid: KnownApp.from_options(app_options) for appid, app_options in options.items()}
    if check_secrets:
        return apps
    return {appid: dataclasses.replace(app, secret=None) for appid, app in apps.items()}
