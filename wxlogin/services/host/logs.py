"""The project's logging."""

import logging
from collections.abc import Iterator

from django.core.checks import CheckMessage, Warning  # noqa: A004
from django.utils.translation import gettext as _


def deployment_problems() -> Iterator[CheckMessage]:
    if not logging.getLogger("wxlogin").isEnabledFor(logging.INFO):
        yield Warning(
            _("Decisions about people are not logged, so the restore of a backup could not redo them."),
            hint=_("Let logger wxlogin log at INFO: see LOGGING in the README."),
            id="wxlogin.W012",
        )
