"""Database errors without the values of rows.

Databases quote the row in the text of an error: PostgreSQL's DETAIL is ``Key (openid, appid)=(o…, wx…) already
exists.``, MySQL says ``Duplicate entry 'o…-wx…' for key``. Django's log, crash reporters and a command's traceback
show that text. So the exception itself loses it, and keeps what helps: the driver's class, SQLSTATE or errno, and
the names of table, column and constraint.

A statement on a table of wxlogin is watched on each connection, whoever runs it: a request, a page for staff, a
command, or Django when it deletes a user. An error of a project's own statement is its own, unless it ends a request
of ours: see ``WeChatView``.
"""

import logging
import re
from collections.abc import Callable
from typing import Any

from django.db import Error

from wxlogin import databases
from wxlogin.crash_reports import chain, hide_variables
from wxlogin.log import log

TABLES = "wxlogin_"
# Names only. A value that looks like this comes earlier in the text.
NAMES = re.compile(
    r"for (?:key|column) ['`][\w.`]+'?(?: at row \d+)?$"
    r"|CONSTRAINT `[\w.]+`"
    r"|(?:Column|Field|Check constraint) '\w+' (?:cannot be null|doesn't have a default value|is violated\.)$"
    r"|\w+ constraint failed: (?:index '\w+'|[\w., ]+)$"
    r"|database (?:table )?is locked"
)
# NOT NULL and check constraints, of PostgreSQL, MySQL, MariaDB and SQLite. No other row takes part in these.
REFUSED_VALUES = {"23502", "23514", 1048, 1364, 3819, 4025}
REFUSED_VALUES |= {"SQLITE_CONSTRAINT_NOTNULL", "SQLITE_CONSTRAINT_CHECK"}
# A text with characters that the database, or the connection to it, has no place for. PostgreSQL: untranslatable
# character, character not in repertoire. MySQL and MariaDB: incorrect string value, invalid character string, cannot
# convert (MariaDB, MySQL). PostgreSQL in SQL_ASCII counts bytes: there, a text of the right length is too long.
UNSTORABLE = {"22P05", "22021", "22001", 1366, 1300, 1977, 3854}
UTF8 = "OPTIONS charset utf8mb4 in DATABASES, or a PostgreSQL database in UTF8: see manage.py wxlogin_doctor"
COLUMN = re.compile(r"for column ['`]?([\w.`]+)")
DIAGNOSTICS = {"table": "table_name", "column": "column_name", "constraint": "constraint_name"}


def watch(connection: Any, **kwargs: Any) -> None:
    """Conceal the errors of a connection's statements on our tables. A receiver of ``connection_created``."""
    if _conceal_errors not in connection.execute_wrappers:
        connection.execute_wrappers.append(_conceal_errors)


def _conceal_errors(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    try:
        return execute(sql, params, many, context)
    # Some drivers encode texts themselves.
    except (Error, UnicodeEncodeError) as exc:
        if TABLES in str(sql):
            conceal(exc)
        raise


def error_codes(exc: BaseException) -> set[str | int]:
    """Return the SQLSTATE, the number and SQLite's name of a database error, as far as the driver tells them.

    MySQL's number says more than its SQLSTATE, which is the same for most errors.
    """
    raised = exc.__cause__ or exc
    told = [_sqlstate(raised), getattr(raised, "sqlite_errorname", None), *raised.args[:1]]
    return {code for code in told if isinstance(code, str | int)}


def is_unstorable(exc: BaseException) -> bool:
    """True if a character set lacks characters of a text. It is no outage: no retry can help."""
    is_refused = isinstance(exc, Error) and not UNSTORABLE.isdisjoint(error_codes(exc))
    return is_refused or isinstance(exc, UnicodeEncodeError)


def log_unstorable(text: str, exc: BaseException) -> None:
    """Log that ``text``, the name of a column, wasn't stored: only the operator can help."""
    named = COLUMN.search(str(exc))
    column = named[1].replace("`", "") if named else text
    log("text not stored", logging.ERROR, column=column, problem=type(exc).__name__, remedy=UTF8)


def conceal(exc: BaseException) -> None:
    """Remove what tells of a row from ``exc`` and from what led to it: texts of database errors, and variables."""
    errors = [each for each in chain(exc) if _quotes_a_driver(each)]
    for each in [*errors, *(error.__cause__ for error in errors if error.__cause__)]:
        number = each.args[:1] if each.args and isinstance(each.args[0], int) else ()
        each.args = (*number, facts_of(each))
    for each in chain(exc):
        if isinstance(each, UnicodeEncodeError):
            # It holds the whole text.
            each.object, each.args = "", ()
    hide_variables(exc)


def _quotes_a_driver(exc: BaseException) -> bool:
    """True for an error of the driver, and for the one of ``django.db`` that Django makes of it.

    A subclass, like ``ProtectedError``, has words of its own, and objects of the project as arguments.
    """
    return isinstance(exc, tuple(driver.Error for driver in databases.drivers())) or (
        isinstance(exc, Error) and type(exc).__module__ == Error.__module__
    )


def refuses_values(exc: BaseException) -> bool:
    """True if the database refused the values of a row, whatever other rows there are. A retry won't help."""
    return not REFUSED_VALUES.isdisjoint(error_codes(exc))


def facts_of(exc: BaseException) -> str:
    """Return the names and numbers of a database error. Django's error has the driver's as its cause."""
    raised = exc.__cause__ or exc
    diagnostics = getattr(raised, "diag", None)
    facts = {
        "sqlstate": _sqlstate(raised),
        "sqlite": getattr(raised, "sqlite_errorname", None),
    }
    facts |= {name: getattr(diagnostics, attribute, None) for name, attribute in DIAGNOSTICS.items()}
    told = [f"{key}={value}" for key, value in facts.items() if value]
    text = exc.args[-1] if exc.args else ""
    if isinstance(text, str) and (names := NAMES.search(text)):
        told.append(names[0])
    return " ".join([type(raised).__name__, *told])


def _sqlstate(raised: BaseException) -> Any:
    """Return the SQLSTATE of a driver's error, None if it tells none. psycopg2 calls it ``pgcode``."""
    return getattr(raised, "sqlstate", None) or getattr(raised, "pgcode", None)
