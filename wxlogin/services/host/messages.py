"""Messages of system checks whose texts are translated when they are shown. Django's types know plain texts only."""

from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004


def error(number: str, text: Any, *, hint: Any) -> CheckMessage:
    return Error(text, hint=hint, id=f"wxlogin.{number}")


def warning(number: str, text: Any, *, hint: Any) -> CheckMessage:
    return Warning(text, hint=hint, id=f"wxlogin.{number}")
