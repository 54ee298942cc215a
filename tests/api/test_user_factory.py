"""First logins whose ``USER_FACTORY`` fails, or returns what can't be anybody's user."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import ProtectedError
from django.test import Client

from tests.conftest import Api
from wxlogin.models import WeChatUser

PHONE = "13580006666"
calls: list[str] = []
Errors = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def _no_calls_yet() -> None:
    calls.clear()


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Errors:
    """Return the errors that the logger ``wxlogin`` wrote."""
    return lambda: [
        record.getMessage()
        for record in caplog.records
        if record.name == "wxlogin" and record.levelno >= logging.ERROR
    ]


@pytest.fixture
def first_login(api: Api, configure: Any) -> Callable[..., Any]:
    """Return a function that logs somebody in with a factory of this module."""
    api.client = Client(raise_request_exception=False)

    def log_in(factory: Callable[..., Any], openid: str = "o-alice") -> Any:
        configure(USER_FACTORY=f"{__name__}.{factory.__name__}")
        return api.send_code(openid=openid)

    return log_in


def is_internal_error(answer: Any) -> bool:
    return (answer.status_code, answer.json()["code"]) == (500, "internal_error")


def make_nobody(**identity: str) -> None:
    calls.append("")


def make_unsaved(**identity: str) -> User:
    return User(username="made-up")


def make_unsaved_with_a_key(**identity: str) -> User:
    return User(pk=7, username="made-up")


def make_group(**identity: str) -> Group:
    return Group.objects.create(name="made-up")


def make_id(**identity: str) -> int:
    return User.objects.create(username="made-up").pk


def make_clerk(**identity: str) -> User:
    return User.objects.create(username="made-up", is_staff=True)


def make_root(**identity: str) -> User:
    return User.objects.create(username="made-up", is_superuser=True)


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        (make_nobody, "NoneType instead of auth.User"),
        (make_unsaved, "a user that isn't saved"),
        (make_unsaved_with_a_key, "a user that isn't saved"),
        (make_group, "Group instead of auth.User"),
        (make_id, "int instead of auth.User"),
        (make_clerk, "a staff account"),
        (make_root, "a staff account"),
    ],
)
def test_what_can_be_nobodys_user_is_said_once_and_nothing_is_stored(
    first_login: Any, errors: Errors, factory: Any, told: str
) -> None:
    answer = first_login(factory)

    assert is_internal_error(answer)
    (line,) = errors()
    assert f"USER_FACTORY returned {told}" in line
    assert not User.objects.exists()
    assert not Group.objects.exists()
    assert not WeChatUser.objects.exists()


def test_a_factory_without_an_answer_is_asked_once(first_login: Any) -> None:
    first_login(make_nobody)

    assert len(calls) == 1


def make_inactive(**identity: str) -> User:
    return User.objects.create(username="made-up", is_active=False)


def test_an_inactive_user_is_refused_and_the_log_says_who_made_it(first_login: Any, errors: Errors) -> None:
    answer = first_login(make_inactive)

    assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")
    (line,) = errors()
    assert "USER_FACTORY returned an inactive user" in line
    assert not User.objects.exists()


def make_without_a_name(**identity: str) -> User:
    calls.append("")
    return User.objects.create(username=None)


def make_with_a_long_name(**identity: str) -> User:
    calls.append("")
    return User.objects.create(username="x" * 151)


def make_with_columns_left_out(**identity: str) -> None:
    """Write the row with SQL of one's own. MySQL calls it an OperationalError (1364)."""
    calls.append("")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO auth_user (username) VALUES ('made-up')")


def make_invalid(**identity: str) -> None:
    calls.append("")
    User(username="no name!").full_clean()


def make_with_a_number(**identity: str) -> None:
    calls.append("")
    User.objects.create(username="made-up", pk="no number")


def make_with_a_wrong_argument(**identity: str) -> None:
    calls.append("")
    User.objects.create(nickname="made-up")


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        (make_without_a_name, "username"),
        pytest.param(
            make_with_a_long_name,
            "username",
            marks=pytest.mark.skipif(
                connection.vendor == "sqlite", reason="SQLite takes texts of any length"
            ),
        ),
        (make_with_columns_left_out, "password"),
        (make_invalid, "ValidationError password, username"),
        (make_with_a_number, "ValueError"),
        (make_with_a_wrong_argument, "TypeError"),
    ],
)
def test_a_mistake_is_no_race_and_no_outage(
    first_login: Any, errors: Errors, factory: Any, told: str
) -> None:
    answer = first_login(factory)

    assert is_internal_error(answer)
    assert len(calls) == 1
    (line,) = errors()
    assert "USER_FACTORY" in line
    assert told in line
    assert "o-alice" not in line


def make_the_same(**identity: str) -> User:
    calls.append("")
    return User.objects.create(username="customer")


def test_a_second_person_whose_name_is_the_first_ones_is_no_race(first_login: Any, errors: Errors) -> None:
    assert first_login(make_the_same).status_code == 200
    calls.clear()

    answer = first_login(make_the_same, "o-bob")

    assert is_internal_error(answer)
    assert len(calls) == 2
    (line,) = errors()
    assert "username" in line
    assert "customer" not in line
    assert User.objects.count() == 1


def make_the_next(**identity: str) -> User:
    """Number the customers, and begin at a number that a customer has already."""
    calls.append("")
    return User.objects.create(username=f"customer-{len(calls)}")


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite doesn't say which value collided")
def test_a_collision_with_another_value_each_time_is_tried_again(first_login: Any) -> None:
    for number in (1, 2, 3):
        User.objects.create(username=f"customer-{number}")

    answer = first_login(make_the_next)

    assert answer.status_code == 200
    assert User.objects.count() == 4


def refuse(**identity: str) -> None:
    calls.append("")
    raise PermissionDenied("members only")


def protect(**identity: str) -> None:
    calls.append("")
    raise ProtectedError("Cannot delete", set())


@pytest.mark.parametrize(("factory", "code"), [(refuse, "not_allowed"), (protect, "internal_error")])
def test_what_the_project_raises_on_purpose_stays_and_is_raised_once(
    first_login: Any, factory: Any, code: str
) -> None:
    answer = first_login(factory)

    assert answer.json()["code"] == code
    assert len(calls) == 1


def make_with_a_taken_phone(**identity: str) -> None:
    raise ValidationError({"mobile": ValidationError("%(value)s is taken", params={"value": PHONE})})


def make_with_a_taken_phone_in_two_steps(**identity: str) -> None:
    try:
        raise KeyError(PHONE)
    except KeyError as exc:
        exc.add_note(f"the phone is {PHONE}")
        raise ValidationError({"__all__": f"{PHONE} is taken"}) from exc


def make_with_a_bad_openid(openid: str, **identity: str) -> None:
    raise ValueError(f"bad openid {openid} of {PHONE}")


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        (make_with_a_taken_phone, "ValidationError mobile"),
        (make_with_a_taken_phone_in_two_steps, "ValidationError __all__"),
        (make_with_a_bad_openid, "ValueError"),
    ],
)
def test_the_values_that_a_mistake_quotes_stay_out_of_the_line_and_of_the_traceback(
    first_login: Any, errors: Errors, caplog: pytest.LogCaptureFixture, factory: Any, told: str
) -> None:
    answer = first_login(factory)

    assert is_internal_error(answer)
    (line,) = errors()
    assert f"USER_FACTORY: {told}" in line
    assert f"in {factory.__name__}" in caplog.text
    assert PHONE not in caplog.text
    assert "o-alice" not in caplog.text


def make_in_a_missing_group(**identity: str) -> User:
    calls.append("")
    user = User.objects.create(username=f"made-up-{len(calls)}")
    User.groups.through.objects.create(user=user, group_id=4711)
    return user


@pytest.mark.django_db(transaction=True)
def test_a_reference_to_nothing_is_blamed_on_the_project(first_login: Any, errors: Errors) -> None:
    """PostgreSQL and SQLite notice it at the commit."""
    answer = first_login(make_in_a_missing_group)

    assert is_internal_error(answer)
    assert len(calls) <= (1 if connection.vendor == "sqlite" else 2)
    (line,) = errors()
    assert "USER_FACTORY" in line
    assert not User.objects.exists()
