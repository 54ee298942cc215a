from collections.abc import Callable

import pytest
import requests
from django.contrib.auth.models import User
from django.db import connection

from tests.conftest import Api
from tests.helpers.simultaneous import ample_upstream_slots, at_once, post
from tests.management.doctor.command import line_with, run
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import LoginSession

# Fixtures.
__all__ = ["ample_upstream_slots", "post"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_of_a_session_outlives_a_transaction() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '7s'")
        cursor.execute("SHOW lock_timeout")

        assert cursor.fetchone() == ("0",)


@pytest.mark.usefixtures("ample_upstream_slots")
def test_first_logins_of_one_person_at_once_make_one_user(
    post: Callable[..., requests.Response], wechat: FakeWeChat
) -> None:
    codes = [wechat.code_for("o-alice") for _ in range(8)]

    answers = at_once(8, lambda number: post("login/", {"code": codes[number]}))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.json()["user"]["id"] for answer in answers}) == 1
    assert User.objects.count() == 1


def test_a_person_logs_in_refreshes_and_logs_out(alice: Api) -> None:
    renewed = alice.refresh().json()

    assert alice.get("me/", access=renewed["access"]).status_code == 200
    assert alice.post("logout/", access=renewed["access"]).status_code == 204
    assert LoginSession.objects.get().end_reason == "logged_out"


def test_the_doctor_finds_nothing_wrong_with_the_database(alice: Api) -> None:
    printed, _ = run()

    assert line_with("A row was stored", printed).startswith("ok")
    assert "PROBLEM Database" not in printed
