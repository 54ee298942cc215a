"""Values on their way to the database and back: texts in any script, sealed bytes, times."""

from collections.abc import Callable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy as _

from wxlogin import databases
from wxlogin.database_errors import is_unstorable
from wxlogin.models import probes
from wxlogin.models.clock import database_time
from wxlogin.sealing import vault
from wxlogin.secret import Secret
from wxlogin.services.meanings import Result, Text

from .servers import declared_database

# The character sets that have every character, by the names that MySQL and PostgreSQL give them.
COMPLETE = {"utf8mb4", "gb18030", "UTF8"}
# The longest reason of a staff act. Where a database counts bytes, so many Chinese characters don't fit.
LONG = 200


def problems() -> Iterator[CheckMessage]:
    """Yield an error, not a warning: with such a character set, each name with an emoji is refused."""
    database = declared_database()
    # Without a charset, Django asks for utf8mb4.
    charset = str((database.get("OPTIONS") or {}).get("charset") or "utf8mb4")
    if "mysql" in database["ENGINE"] and charset.lower() not in COMPLETE:
        text = gettext(
            "The character set of the connection to MySQL ({alias}) is {charset}: names with emoji are refused."
        )
        hint = gettext(
            'Set DATABASES["{alias}"]["OPTIONS"]["charset"] to "utf8mb4". Tables made with utf8 go on working.'
        )
        yield Error(
            text.format(alias=databases.likely_alias(), charset=charset),
            hint=hint.format(alias=databases.likely_alias()),
            id="wxlogin.E042",
        )


def examine() -> Iterator[Result]:
    is_good = True
    if (charset := probes.character_set()) and charset not in COMPLETE:
        text = _("The character set of the database, or of the connection to it, is {charset}.")
        yield False, format_lazy(text, charset=charset), USE_UTF8
        is_good = False
    for what, value, read_back in _values():
        try:
            is_kept = read_back(value) == value
        except Exception as exc:
            if not is_unstorable(exc):
                raise
            is_kept = False
        if not is_kept:
            yield False, format_lazy(_("It refuses or changes {what}."), what=what), USE_UTF8
            is_good = False
    if is_good:
        yield True, _("Emoji, Chinese, sealed values and times come back as they were stored.")


def _values() -> Iterator[tuple[Text, Any, Callable[[Any], Any]]]:
    sealed = vault().seal(Secret("\U0001f375"), bound_to=("doctor",))
    yield _("an emoji"), "\U0001f375", probes.read_back_text
    yield _("Chinese"), "茶馆", probes.read_back_text
    yield _("a long text"), "茶" * LONG, probes.read_back_text
    yield _("a sealed value"), sealed, probes.read_back_sealed
    yield _("a time"), database_time(), probes.read_back_time


USE_UTF8 = _(
    'MySQL: set OPTIONS["charset"] of DATABASES to "utf8mb4", and let init_command choose no other. '
    "PostgreSQL: create a new database with ENCODING 'UTF8', and load a dump of the old one into it."
)
