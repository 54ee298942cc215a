"""Errors of the database: no log line, crash report or traceback gets the row that the driver quotes."""

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.signals import got_request_exception
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.models.signals import pre_delete
from django.test import Client

from tests.conftest import Api
from tests.helpers.signals import connected
from tests.settings import APPID
from wxlogin import signals
from wxlogin.clock import utc_now
from wxlogin.database_errors import conceal
from wxlogin.models import LoginSession, WeChatUser

OPENID, UNIONID = "o-PLANTED-openid", "u-PLANTED-unionid"
CONSTRAINT = "wxlogin_one_openid_per_app"


def insert_identity(user: AbstractBaseUser) -> None:
    now = utc_now()
    WeChatUser.objects.create(
        user=user, appid=APPID, openid=OPENID, unionid=UNIONID, created_at=now, last_login_at=now
    )


def collide(*, appid: str, openid: str, unionid: str) -> AbstractBaseUser:
    """A USER_FACTORY with a bug: it inserts the identity that the login is about to insert."""
    user = get_user_model().objects.create(username="made-up")
    insert_identity(user)
    return user


class Order:
    """An object of a project that can't be shown, for example since its text needs a query that fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no text while the transaction is broken")


PROTECTED = "Cannot delete some instances of model 'User': they are referenced through 'Order.customer'."


def protect(**kwargs: Any) -> None:
    """Raise what a foreign key with ``on_delete=PROTECT`` raises, in a USER_FACTORY or at a deletion."""
    raise ProtectedError(PROTECTED, {Order()})  # type: ignore[arg-type]


def shown(exc: BaseException | None) -> str:
    """Everything that a crash reporter could send of an exception: text, causes, and the variables of all frames."""
    whole = traceback.TracebackException.from_exception(exc, capture_locals=True) if exc else None
    return "".join(whole.format()) if whole else ""


@pytest.fixture
def reports() -> Iterator[list[str]]:
    seen: list[str] = []

    def listen(**kwargs: Any) -> None:
        seen.append(shown(sys.exc_info()[1]))

    got_request_exception.connect(listen)
    yield seen
    got_request_exception.disconnect(listen)


def test_a_login_that_violates_a_constraint_shows_no_row(
    api: Api, configure: Any, reports: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    configure(USER_FACTORY="tests.api.test_database_errors.collide")
    api.wechat.person(OPENID, unionid=UNIONID)
    api.client = Client(raise_request_exception=False)

    answer = api.send_code(openid=OPENID)

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    (report,) = reports
    assert "PLANTED" not in caplog.text
    assert "PLANTED" not in report.strip().splitlines()[-1]
    # The parameters of the statement, in frames of Django and of the driver.
    assert "params = " not in report
    assert "Traceback" in caplog.text
    if connection.vendor != "sqlite":
        assert CONSTRAINT in caplog.text


def test_an_error_with_objects_of_the_project_is_answered_and_keeps_its_text(
    alice: Api, configure: Any
) -> None:
    configure(USER_FACTORY="tests.api.test_database_errors.protect")
    alice.client = Client(raise_request_exception=False)
    texts = []

    def listen(**kwargs: Any) -> None:
        texts.append(sys.exc_info()[1].args[0])  # type: ignore[union-attr]

    with connected(got_request_exception, listen), connected(pre_delete, protect):
        answers = [alice.send_code(openid=OPENID), alice.delete("me/")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (500, "internal_error")
    ] * 2
    assert texts == [PROTECTED, PROTECTED]


@pytest.mark.parametrize("arguments", [(), (None,), ({Order()},)], ids=["nothing", "none", "objects"])
def test_only_a_text_is_read(arguments: tuple[Any, ...]) -> None:
    error = IntegrityError(*arguments)

    conceal(error)

    assert error.args == ("IntegrityError",)


def test_an_error_of_the_projects_own_statement_on_our_table_shows_no_row(db: None) -> None:
    user = get_user_model().objects.create(username="made-up")
    insert_identity(user)

    with pytest.raises(IntegrityError) as error, transaction.atomic():
        insert_identity(user)

    texts = [str(error.value), repr(error.value), str(error.value.__cause__), repr(error.value.__cause__)]
    assert not [text for text in texts if "PLANTED" in text]
    assert CONSTRAINT in str(error.value) or connection.vendor == "sqlite"


def test_an_error_on_another_table_is_the_projects_own(db: None) -> None:
    get_user_model().objects.create(username="PLANTED")

    with pytest.raises(IntegrityError) as error, transaction.atomic():
        get_user_model().objects.create(username="PLANTED")

    assert "PLANTED" in str(error.value) or connection.vendor == "sqlite"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Duplicate entry 'o-PLANTED-wx0' for key 'wxlogin_one'", "for key 'wxlogin_one'"),
        ("Duplicate entry 'PLANTED' for key 'wxlogin_wechatuser.one'", "for key 'wxlogin_wechatuser.one'"),
        ("Duplicate entry 'for key 'PLANTED' for key 'one'", "for key 'one'"),
        (
            r"Incorrect string value: '\xF0PLANTED' for column `d`.`t`.`nickname` at row 1",
            "for column `d`.`t`.`nickname` at row 1",
        ),
        (
            "UNIQUE constraint failed: wxlogin_wechatuser.openid",
            "UNIQUE constraint failed: wxlogin_wechatuser.openid",
        ),
        ("Column 'nickname' cannot be null", "Column 'nickname' cannot be null"),
        ("Field 'nickname' doesn't have a default value", "Field 'nickname' doesn't have a default value"),
        ("Check constraint 'members_age' is violated.", "Check constraint 'members_age' is violated."),
        ("Duplicate entry 'Column 'PLANTED' cannot be null' for key 'one'", "for key 'one'"),
        ("CONSTRAINT `t.age` failed for `d`.`t`", "CONSTRAINT `t.age`"),
        ("UNIQUE constraint failed: index 'members_one'", "UNIQUE constraint failed: index 'members_one'"),
        ("invalid input syntax for type bigint: \"PLANTED\"\nLINE 1: ... 'PLANTED'", ""),
        ("database is locked", "database is locked"),
    ],
)
def test_names_stay_and_values_go(text: str, left: str) -> None:
    error = DatabaseError(1062, text)
    error.__cause__ = connection.Database.DatabaseError(1062, text)

    for _ in range(2):
        conceal(error)
        assert error.args == (1062, f"DatabaseError {left}".strip())
        assert error.__cause__.args == error.args


def test_a_receiver_that_fails_after_the_commit_shows_no_row(
    api: Api, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    def fail(**kwargs: Any) -> None:
        raise IntegrityError(f"DETAIL:  Key (openid)=({OPENID}) already exists.")

    with connected(signals.logged_in, fail), django_capture_on_commit_callbacks(execute=True):
        answer = api.send_code(openid=OPENID)

    assert answer.status_code == 200
    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert (line.name, line.exc_info is not None) == ("wxlogin", True)
    assert "failed after commit problem=IntegrityError" in caplog.text
    assert "PLANTED" not in caplog.text


def test_a_receiver_that_fails_after_the_commit_shows_no_variables_of_django(
    api: Api, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    def fail(login_session: LoginSession, **kwargs: Any) -> None:
        # Its argument is the variable ``self`` of Django's functions.
        get_user_model()(username=login_session.person.openid, email="no address").full_clean()

    with connected(signals.logged_in, fail), django_capture_on_commit_callbacks(execute=True):
        api.send_code(openid=OPENID)

    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    report = shown(line.exc_info[1]) if line.exc_info else ""
    assert "in full_clean" in report
    assert "PLANTED" not in report
