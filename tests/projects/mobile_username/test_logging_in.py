import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.conftest import API, Api

from .models import Member

UseFactory = Callable[[str], None]


def log_in(api: Api, openid: str) -> Any:
    return Client(raise_request_exception=False).post(
        API + "login/", {"code": api.wechat.code_for(openid)}, content_type="application/json"
    )


def inserts(queries: CaptureQueriesContext) -> int:
    return sum('INSERT INTO "members_member"' in query["sql"] for query in queries)


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return the text of the only error that the logger ``wxlogin`` wrote."""

    def read() -> str:
        (line,) = [
            each for each in caplog.records if each.levelno >= logging.ERROR and each.name == "wxlogin"
        ]
        return line.getMessage()

    return read


def test_people_log_in_with_a_factory_of_the_projects_own(api: Api) -> None:
    first, second, again = (log_in(api, openid) for openid in ("o-alice", "o-bob", "o-alice"))

    assert [answer.status_code for answer in (first, second, again)] == [200] * 3
    assert again.json()["user"]["id"] == first.json()["user"]["id"] != second.json()["user"]["id"]
    assert Member.objects.count() == 2


@pytest.mark.parametrize(
    ("factory", "tries", "told"),
    [
        ("", 1, "mobile"),
        ("make_member_from_nowhere", 1, "members_city_exists"),
    ],
)
def test_a_first_login_that_can_make_no_user_is_answered_at_once_and_the_log_says_why(
    api: Api, use_factory: UseFactory, errors: Callable[[], str], factory: str, tries: int, told: str
) -> None:
    use_factory(factory)

    with CaptureQueriesContext(connection) as queries:
        answer = log_in(api, "o-alice")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert inserts(queries) == tries
    assert told in errors()
    assert "USER_FACTORY" in errors()
    assert "o-alice" not in errors()
    assert not Member.objects.exists()


def test_a_second_person_who_collides_with_the_first_is_no_race(
    api: Api, use_factory: UseFactory, errors: Callable[[], str]
) -> None:
    use_factory("make_member_without_phone")
    first = log_in(api, "o-alice")

    with CaptureQueriesContext(connection) as queries:
        second = log_in(api, "o-bob")

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (500, "internal_error")
    assert inserts(queries) == 2
    assert "members_member_phone" in errors()
    assert "USER_FACTORY" in errors()
    assert log_in(api, "o-alice").status_code == 200
    assert Member.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_reference_to_nothing_is_found_at_the_commit_and_tried_again_once(
    api: Api, use_factory: UseFactory, errors: Callable[[], str]
) -> None:
    use_factory("make_member_of_a_missing_group")

    with CaptureQueriesContext(connection) as queries:
        answer = log_in(api, "o-alice")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert inserts(queries) == 2
    assert "members_member_groups" in errors()
    assert "USER_FACTORY" in errors()
    assert not Member.objects.exists()
