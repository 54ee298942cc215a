import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.db import OperationalError, connection, transaction

from tests.conftest import Api
from tests.helpers.simultaneous import at_once
from tests.management.doctor.command import line_with, run
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import WeChatUser
from wxlogin.transactions import kind_of_contention

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def charset(request: pytest.FixtureRequest) -> Iterator[str]:
    """Connect with another character set than utf8mb4."""
    options = connection.settings_dict["OPTIONS"]
    connection.close()
    options["charset"] = request.param
    yield request.param
    connection.close()
    options["charset"] = "utf8mb4"


def lock_person() -> str:
    """Try to lock Alice's row on another connection. Return what the error is taken for."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET innodb_lock_wait_timeout = 1")
            list(WeChatUser.objects.select_for_update())
        return "locked"
    except OperationalError as exc:
        return kind_of_contention(exc)
    finally:
        connection.close()


def test_every_text_comes_back(alice: Api) -> None:
    assert connection.Database.__name__ == "pymysql"
    assert alice.put("me/", {"nickname": "茶馆 🍵"}).json()["nickname"] == "茶馆 🍵"
    printed, _ = run()
    assert line_with("Database: Emoji", printed).startswith("ok")


@pytest.mark.parametrize("charset", ["utf8", "latin1", "gbk"], indirect=True)
def test_a_nickname_that_cannot_be_stored_is_no_outage(
    alice: Api, charset: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = alice.put("me/", {"nickname": "茶馆 🍵"})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["nickname"])
    errors = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert "nickname" in errors[0]
    assert "utf8mb4" in errors[0]
    assert "🍵" not in caplog.text
    printed, is_well = run()
    assert not is_well
    assert "PROBLEM Database: It refuses or changes an emoji." in printed


def test_a_lock_that_another_connection_holds_is_known_as_contention(alice: Api) -> None:
    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        list(WeChatUser.objects.select_for_update())

        assert pool.submit(lock_person).result() == "lock timeout"


def test_first_logins_of_one_person_at_once_are_one_user(
    post: Callable[..., requests.Response], wechat: FakeWeChat, ample_upstream_slots: None
) -> None:
    codes = [wechat.code_for("o-new") for _ in range(8)]

    answers = at_once(8, lambda n: post("login/", {"code": codes[n]}))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.json()["user"]["id"] for answer in answers}) == 1
    assert WeChatUser.objects.count() == 1
