"""The mini-programs that the fake has been told about."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Declared = Mapping[str, str | Mapping[str, Any]]


@dataclass(frozen=True)
class App:
    """``secret`` None: any will do. The other two are empty where nobody said."""

    secret: str | None = field(default=None, repr=False)
    push_token: str = field(default="", repr=False)
    push_aes_key: str = field(default="", repr=False)

    @classmethod
    def declared(cls, value: str | Mapping[str, Any]) -> "App":
        """From a secret alone, or from what the Django setting ``WXLOGIN["APPS"]`` says of an app."""
        if isinstance(value, str):
            return cls(value)
        return cls(value.get("SECRET"), value.get("PUSH_TOKEN") or "", value.get("PUSH_AES_KEY") or "")


def known_apps(declared: Declared, *, check_secrets: bool = True) -> dict[str, App]:
    apps = {appid: App.declared(value) for appid, value in declared.items()}
    if check_secrets:
        return apps
    return {appid: dataclasses.replace(app, secret=None) for appid, app in apps.items()}
