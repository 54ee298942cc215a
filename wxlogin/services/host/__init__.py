"""The host project: what of its settings, servers and models wxlogin can't work with, and what to do about it.

Each module looks at one thing in two ways. ``problems`` and ``deployment_problems`` need no connection: they are system
checks. ``examine`` uses what logins use, on the servers themselves: it is a part of the doctor.
"""

from collections.abc import Iterator

from django.core.checks import CheckMessage
from django.utils.translation import gettext_lazy as _

from wxlogin.models.read_only import is_read_only
from wxlogin.services.meanings import Examination, Result, Text

from . import cache, clocks, database, keys, logs, storage, text, time_zones, users


def problems() -> Iterator[CheckMessage]:
    """Yield what would break logins in this project."""
    for look in (keys, time_zones, database, text, cache, users):
        yield from look.problems()


def deployment_problems() -> Iterator[CheckMessage]:
    """Yield warnings about settings that are fine for development and not for production."""
    for look in (keys, database, cache, storage, logs):
        yield from look.deployment_problems()


def examinations() -> Iterator[tuple[Text, Examination, Text]]:
    """Yield what the doctor examines: a subject, the examination, and what to do if the examination itself fails."""
    reach_database = _("Check DATABASES, and that the server is up and lets us in.")
    yield _("Database"), _examine_database, reach_database
    yield _("Cache"), cache.examine, _("Check CACHES, and that the server is up and lets us in.")
    reach_storage = _("Check STORAGES or MEDIA_ROOT, and that we may write there.")
    yield _("Avatar storage"), storage.examine, reach_storage
    yield _("Clocks"), clocks.examine, _("Run manage.py check --deploy: it may say more.")


def _examine_database() -> Iterator[Result]:
    yield from database.examine()
    # A database that is down or read-only is named once.
    if not is_read_only():
        yield from text.examine()
