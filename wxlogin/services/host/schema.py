"""drf-spectacular, if the project has it: it needs a version that can describe the API."""

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.utils.translation import gettext

# The schema needs names that earlier versions lack. The API itself doesn't need the package.
OLDEST = (0, 30)


def can_be_described() -> bool:
    """True if drf-spectacular is there and not too old."""
    version = _version()
    return version is not None and tuple(map(int, re.findall(r"\d+", version)[:2])) >= OLDEST


def problems() -> Iterator[CheckMessage]:
    version = _version()
    if version is not None and not can_be_described():
        text = gettext("drf-spectacular {version} is too old to describe the API of wxlogin.")
        yield Warning(
            text.format(version=version),
            hint=gettext(
                "Install drf-spectacular 0.30 or newer. Until then the schema doesn't say what the API takes and answers."
            ),
            id="wxlogin.W017",
        )


def _version() -> str | None:
    return str(import_module("drf_spectacular").__version__) if find_spec("drf_spectacular") else None
