"""Keep secrets out of crash reports, which quote the variables of every function on the way to an error."""

import functools
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Packages that get secrets in clear: rows, parameters of SQL, URLs, tokens, texts to be parsed or decrypted.
FOREIGN = {
    "Crypto",
    "MySQLdb",
    "django",
    "http",
    "json",
    "jwt",
    "psycopg",
    "psycopg2",
    "pymysql",
    "requests",
    "rest_framework",
    "rest_framework_simplejwt",
    "urllib3",
    "xmltodict",
}
# Django calls it with the values of a row.
OURS = {"wxlogin.models.fields"}


def hide_variables(exc: BaseException) -> None:
    """Remove the variables of other packages' functions from the traceback of ``exc``. Ours keep secrets to themselves."""
    for each in _chain(exc):
        for frame, _ in traceback.walk_tb(each.__traceback__):
            module = frame.f_globals.get("__name__", "")
            if module in OURS or module.partition(".")[0] in FOREIGN:
                # A function that is still running keeps its variables.
                with suppress(RuntimeError):
                    frame.clear()


def hide_body(request: HttpRequest) -> None:
    """Let ``request.body`` raise ``RawPostDataException``: crash reporters read what nobody has read."""
    request.read(0)


def hiding_body(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Hide the body of a request whose view raises something, which it does only if its own code is broken."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Exception:
            hide_body(request)
            raise

    return guarded


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """Yield the exception, and all that led to it."""
    ahead, seen = [exc], set()
    while ahead:
        each = ahead.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            ahead += [other for other in (each.__cause__, each.__context__) if other]
