"""Keep secrets out of crash reports, which quote the variables of every function on the way to an error."""

import traceback
from contextlib import suppress

from django.http import HttpRequest, QueryDict

# Packages that get secrets in clear: rows, parameters of SQL, URLs, tokens, texts to be parsed or decrypted. Crash
# reporters put functions of their own around those of Django.
FOREIGN = {
    "Crypto",
    "MySQLdb",
    "django",
    "http",
    "json",
    "jwt",
    "opentelemetry",
    "psycopg",
    "psycopg2",
    "pymysql",
    "requests",
    "rest_framework",
    "rest_framework_simplejwt",
    "sentry_sdk",
    "urllib3",
}
# Django calls them with the values of a row.
OURS = {"wxlogin.models.fields", "wxlogin.database_errors", "wxlogin.deadline"}


def chain(exc: BaseException) -> list[BaseException]:
    """Return the exception, and all that led to it."""
    found = [exc]
    for each in found:
        led_here = (each.__cause__, each.__context__)
        # Not by ``==``, which an exception of the project may define.
        known = {id(other) for other in found}
        found += [other for other in led_here if other is not None and id(other) not in known]
    return found


def hide_variables(exc: BaseException) -> None:
    """Remove the variables of other packages' functions from the traceback of ``exc``. Ours keep secrets to themselves."""
    for each in chain(exc):
        for frame, _ in traceback.walk_tb(each.__traceback__):
            module = frame.f_globals.get("__name__", "")
            if module in OURS or module.partition(".")[0] in FOREIGN:
                # A function that is still running keeps its variables.
                with suppress(RuntimeError):
                    frame.clear()


def hide_body(request: HttpRequest) -> None:
    """Let ``request.body`` raise ``RawPostDataException``, also if a middleware of the project has read it before."""
    vars(request).pop("_body", None)
    # Not the files: Django closes them at the end of the request.
    request._post = QueryDict()  # type: ignore[attr-defined]
    # Crash reporters read what nobody has begun to read. The client may be gone.
    with suppress(OSError):
        request.read(0)
