"""The host project: what of its settings, servers and models wxlogin can't work with, and what to do about it.

Each module looks at one thing in two ways. ``problems`` and ``deployment_problems`` need no connection: they are system
checks. ``examine`` uses what logins use, on the servers themselves: it is a part of the doctor.
"""

from collections.abc import Iterator
from functools import partial

from django.core.checks import CheckMessage
from django.utils.translation import gettext_lazy as _

from wxlogin.caller import Proxies
from wxlogin.services.meanings import Examination, Text

from . import addresses, cache, clocks, database, keys, logs, schema, storage, text, time_zones, users


def problems() -> Iterator[CheckMessage]:
    """Yield what would break logins in this project."""
    for look in (keys, time_zones, database, text, cache, storage, users, schema):
        yield from look.problems()


def deployment_problems() -> Iterator[CheckMessage]:
    """Yield warnings about settings that are fine for development and not for production."""
    for look in (keys, database, cache, storage, logs, addresses):
        yield from look.deployment_problems()


def examinations(proxies: Proxies | None) -> Iterator[tuple[Text, Examination, Text]]:
    """Yield what the doctor examines: a subject, the examination, and what to do if the examination itself fails.

    ``proxies`` are those of the request that asks. A command has none.
    """
    reach_database = _("Check DATABASES, and that the server is up and lets us in.")
    yield _("Database"), database.examine, reach_database
    look_at_factory = _(
        "Put right what is said of the database first. If nothing is wrong there, USER_FACTORY raised this exception."
    )
    yield _("Users"), users.examine, look_at_factory
    yield _("Cache"), cache.examine, _("Check CACHES, and that the server is up and lets us in.")
    reach_storage = _("Check STORAGES or MEDIA_ROOT, and that we may write there.")
    yield _("Avatar storage"), storage.examine, reach_storage
    run_check = _("Run manage.py check --deploy: it may say more.")
    yield _("Clocks"), clocks.examine, run_check
    yield _("Client addresses"), partial(addresses.examine, proxies), run_check
