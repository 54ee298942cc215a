"""The project's time zone."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error


def problems() -> Iterator[CheckMessage]:
    if not settings.USE_TZ:
        yield Error(
            "USE_TZ is off, and sessions need times without doubt.",
            hint="Set USE_TZ = True.",
            id="wxlogin.E021",
        )
