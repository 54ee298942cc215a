"""Every exception class of Django, DRF, requests and the drivers, raised in the middle of a call.

``pytest -s tests/api/test_every_exception.py`` prints the table: class, code, status.
"""

import importlib
import inspect
import logging
import pkgutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType, SimpleNamespace
from typing import Any

import django
import psycopg.errors
import pytest
import requests
import rest_framework
from django.contrib.auth.models import User
from django.db import Error, OperationalError, connection
from django.db.utils import DatabaseErrorWrapper
from django.test import Client

from tests.conftest import API, Api
from wxlogin.api.errors import ANSWERS
from wxlogin.models import WeChatUser
from wxlogin.wechat import connections

PLANTED = "PLANTED"
OPENID, UNIONID, CODE = f"o-{PLANTED}", f"u-{PLANTED}", f"code-{PLANTED}"
TEXT = f"DETAIL:  Key (openid, unionid)=({OPENID}, {UNIONID}) exists. js_code={CODE} phone=13580006666"
FACTORY = "tests.api.test_every_exception.make_user"
# By class of errno, as Django and mysqlclient sort them: constraints, data, syntax, locks, resources, the connection.
ERRNOS = [
    1005,
    1021,
    1048,
    1054,
    1062,
    1064,
    1114,
    1142,
    1146,
    1205,
    1213,
    1264,
    1292,
    1317,
    1366,
    1406,
    1451,
    1452,
]
ERRNOS += [1364, 1836, 1969, 2002, 2006, 2013, 3024, 3819, 4025]
# What MySQL refuses in a row, whatever class the driver has for it: a retry fails again.
REFUSED_ROWS = [1048, 1364, 3819, 4025]

raised: dict[str, Exception] = {}


def make_user(**identity: str) -> Any:
    """A USER_FACTORY that fails with the exception of the test."""
    raise raised["now"]


def classes_in(package: ModuleType) -> Iterator[type[Exception]]:
    """Yield the exception classes that a package defines, in all of its modules that can be imported."""
    names = [package.__name__]
    names += [
        each.name for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", lambda _: None)
    ]
    for name in names:
        # Management commands and test runners are not part of a request, and some modules need other packages.
        if ".management" in name or ".contrib.gis" in name or "__main__" in name:
            continue
        module = _optional(name)
        for member in vars(module).values() if module else ():
            if inspect.isclass(member) and issubclass(member, Exception) and member.__module__ == name:
                yield member


def make(kind: type[Exception]) -> Exception:
    """Return an exception of this class with a text that quotes a person, whatever its constructor takes."""
    exc = kind.__new__(kind, TEXT)
    for arguments in ((TEXT, TEXT, TEXT), (TEXT, TEXT), (), (TEXT,)):
        with suppress(Exception):
            exc.__init__(*arguments)  # type: ignore[misc]
    return exc


def by_sqlstate() -> dict[str, Exception]:
    kinds = [kind for kind in vars(psycopg.errors).values() if inspect.isclass(kind)]
    return {
        f"psycopg {kind.__name__} {getattr(kind, 'sqlstate', None) or ''}".strip(): kind(TEXT)
        for kind in kinds
        if issubclass(kind, psycopg.Error)
    }


def by_errno() -> dict[str, Exception]:
    from_errno = importlib.import_module("MySQLdb")
    constraint = {1048, 1062, 1451, 1452, 3819, 4025}
    kinds = {
        errno: from_errno.IntegrityError if errno in constraint else from_errno.OperationalError
        for errno in ERRNOS
    }
    kinds |= dict.fromkeys((1264, 1292, 1366, 1406), from_errno.DataError)
    kinds |= dict.fromkeys((1054, 1064, 1146), from_errno.ProgrammingError)
    return {f"MySQL {errno} {kind.__name__}": kind(errno, TEXT) for errno, kind in kinds.items()}


def by_class(module: ModuleType) -> dict[str, Exception]:
    kinds = [
        kind for kind in vars(module).values() if inspect.isclass(kind) and issubclass(kind, module.Error)
    ]
    return {f"{module.__name__} {kind.__name__}": kind(TEXT) for kind in kinds}


def driver_errors() -> dict[str, tuple[ModuleType, Exception]]:
    found = {name: (psycopg, exc) for name, exc in by_sqlstate().items()}
    found |= {name: (sqlite3, exc) for name, exc in by_class(sqlite3).items()}
    if MySQLdb := _optional("MySQLdb"):
        found |= {name: (MySQLdb, exc) for name, exc in {**by_errno(), **by_class(MySQLdb)}.items()}
    return found


def _optional(name: str) -> ModuleType | None:
    """Return a module, None if it needs a package or a setting that isn't there."""
    with suppress(Exception):
        return importlib.import_module(name)
    return None


@contextmanager
def in_the_store_step(driver: ModuleType, exc: Exception, table: str) -> Iterator[None]:
    """Have each statement on ``table`` fail with a driver's error, which Django turns into its own.

    At the end, check the texts that code around the statements could see of it.
    """
    seen: list[str] = []
    wrap = DatabaseErrorWrapper(SimpleNamespace(Database=driver, errors_occurred=False))

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if table not in sql:
            return execute(sql, params, many, context)
        with wrap:
            raise exc

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        try:
            return execute(sql, params, many, context)
        except Error as error:
            seen.append(f"{error!r} {error.__cause__!r}")
            raise

    # The last wrapper is the innermost one, so the error passes that of wxlogin, as one of the driver does.
    wrappers = connection.execute_wrappers
    wrappers[:] = [look, *wrappers, fail]
    try:
        yield
    finally:
        wrappers.remove(look)
        wrappers.remove(fail)
    assert seen
    assert not [text for text in seen if PLANTED in text]


class Table:
    """Checks each answer, and prints a line for it."""

    def __init__(self, api: Api, caplog: pytest.LogCaptureFixture) -> None:
        self._api, self._caplog = api, caplog
        caplog.set_level(logging.DEBUG)

    def check(self, name: str, call: Callable[[], Any], *, is_quoted_by_project: bool = False) -> None:
        self._caplog.clear()
        answer = call()
        body = answer.json()
        print(f"{name:60} {body['code']:22} {answer.status_code}")  # noqa: T201
        assert answer["Content-Type"] == "application/json", name
        assert ANSWERS[body["code"]].status == answer.status_code, name
        assert (answer["Cache-Control"], bool(answer["X-Request-ID"])) == ("no-store", True), name
        shown = answer.content.decode() + ("" if is_quoted_by_project else self._caplog.text)
        for planted in (PLANTED, "13580006666"):
            assert planted not in shown, (name, shown)


@pytest.fixture
def table(api: Api, caplog: pytest.LogCaptureFixture) -> Table:
    api.client = Client(raise_request_exception=False)
    api.wechat.person(OPENID, unionid=UNIONID, phone="13580006666")
    return Table(api, caplog)


def log_in(api: Api) -> Callable[[], Any]:
    # Not by ``send_code``: an answer that only a project's own code causes isn't in the schema of the call.
    return lambda: api.client.post(
        API + "login/", {"code": api.wechat.code_for(OPENID)}, content_type="application/json"
    )


def test_every_error_of_the_drivers_while_a_login_is_stored(api: Api, table: Table) -> None:
    found = driver_errors()
    assert len(found) > 250

    for name, (driver, exc) in found.items():
        with in_the_store_step(driver, exc, "wxlogin_wechatuser"):
            table.check(name, log_in(api))


@pytest.mark.parametrize("errno", REFUSED_ROWS)
def test_a_row_that_mysql_refuses_is_no_outage(api: Api, monkeypatch: pytest.MonkeyPatch, errno: int) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError(errno, TEXT)

    api.client = Client(raise_request_exception=False)
    monkeypatch.setattr(WeChatUser, "save", fail)

    answer = log_in(api)()

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "Retry-After" not in answer


def test_every_error_of_the_drivers_in_other_calls(alice: Api, table: Table) -> None:
    alice.client = Client(raise_request_exception=False)
    kinds = {}
    for name, (driver, exc) in driver_errors().items():
        kinds[(driver, type(exc).__mro__[1])] = (name, driver, exc)
    calls = {
        "refresh": alice.refresh,
        "me": lambda: alice.get("me/"),
        "logout": lambda: alice.post("logout/"),
    }

    for name, driver, exc in kinds.values():
        for what, call in calls.items():
            with in_the_store_step(driver, exc, "wxlogin_loginsession"):
                table.check(f"{what}: {name}", call)


def test_every_exception_of_requests_in_the_call_to_wechat(
    api: Api, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {*classes_in(requests), *classes_in(requests.packages.urllib3)}
    assert len(found) > 40

    for kind in sorted(found, key=lambda kind: (kind.__module__, kind.__name__)):

        def fail(*args: Any, kind: Any = kind, **kwargs: Any) -> Any:
            raise make(kind)

        with monkeypatch.context() as patch:
            patch.setattr(connections._Session, "request", fail)
            table.check(f"{kind.__module__}.{kind.__name__}", lambda: api.send_code(CODE))


@pytest.mark.parametrize("package", [django, rest_framework], ids=lambda package: package.__name__)
def test_every_exception_of_django_and_drf_in_the_user_factory(
    api: Api, table: Table, configure: Any, package: ModuleType
) -> None:
    """The text of these is the project's own words, so only the answer may not repeat it."""
    configure(USER_FACTORY=FACTORY)
    found = {*classes_in(package), User.DoesNotExist, User.MultipleObjectsReturned}
    assert len(found) >= 20

    for kind in sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__)):
        raised["now"] = make(kind)
        table.check(f"{kind.__module__}.{kind.__qualname__}", log_in(api), is_quoted_by_project=True)
