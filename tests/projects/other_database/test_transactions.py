"""Each transaction is one of the database that the rows are in."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connections
from django.test import Client, override_settings
from django.urls import resolve

from tests.admin.staff import url
from tests.api.pushes import message, secure
from tests.api.uploads import send
from tests.conftest import Api
from tests.helpers.pictures import picture
from wxlogin.models import ReceivedPush, WeChatUser
from wxlogin.wechat.client import WeChatClient

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _atomic_requests(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["people"], "ATOMIC_REQUESTS", True)


def test_a_person_is_erased(alice: Api) -> None:
    answer = alice.delete("me/")

    assert answer.status_code == 204
    assert not User.objects.exists()
    assert not WeChatUser.objects.exists()


def test_a_picture_is_stored(alice: Api) -> None:
    answer = send(alice, picture())

    assert answer.status_code == 200
    assert WeChatUser.objects.get().avatar


def test_a_person_who_cancels_in_wechat_is_erased(alice: Api) -> None:
    answer = secure(alice, message("user_authorization_cancellation"))

    assert answer.content == b"success"
    assert not User.objects.exists()
    assert ReceivedPush.objects.count() == 1


def test_a_first_login_that_fails_leaves_nobody(api: Api) -> None:
    def fail(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith('INSERT INTO "wxlogin_loginsession"'):
            raise DatabaseError("the disk is full")
        return execute(sql, *args)

    with connections["people"].execute_wrapper(fail):
        answer = api.send_code()

    assert answer.status_code == 503
    assert not User.objects.exists()
    assert not WeChatUser.objects.exists()


@pytest.mark.usefixtures("_atomic_requests")
def test_no_transaction_is_open_while_wechat_is_asked(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, is_open = WeChatClient.code2session, []

    def watch(client: WeChatClient, code: Any) -> Any:
        is_open.append(connections["people"].in_atomic_block)
        return ask(client, code)

    monkeypatch.setattr(WeChatClient, "code2session", watch)

    api.log_in()

    assert is_open == [False]


def test_an_act_of_staff_needs_no_transaction_of_the_request(alice: Api) -> None:
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    form = {
        "action": "erase",
        "_selected_action": [WeChatUser.objects.get().pk],
        "confirmed": 1,
        "reason": "asked",
    }

    answer = browser.post(url("wechatuser"), form, follow=True)

    assert "1 identity erased" in answer.content.decode()
    assert User.objects.get().username == "root"


def test_an_export_is_read_where_the_request_was(alice: Api) -> None:
    """The lines are sent after the request, when a router may have forgotten whose it was."""
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    form = {"action": "export", "_selected_action": [WeChatUser.objects.get().pk], "confirmed": 1}

    answer = browser.post(url("wechatuser"), {**form, "reason": "asked", "unmasked": 1})
    with override_settings(DATABASE_ROUTERS=[]):
        content = b"".join(answer.streaming_content)

    assert b"o-alice" in content


@pytest.mark.parametrize("path", ["wechatuser/", "loginsession/", "wechatuser/1/act/block/", "overview/"])
def test_a_page_that_calls_wechat_opens_no_transaction_anywhere(path: str) -> None:
    assert resolve(f"/admin/wxlogin/{path}").func._non_atomic_requests == {"default", "people"}


def test_an_error_of_this_databases_driver_quotes_no_row(alice: Api) -> None:
    person = WeChatUser.objects.get()
    person.pk = None

    with pytest.raises(IntegrityError) as error:
        person.save(force_insert=True)

    assert "wxlogin_one_openid_per_app" in str(error.value)
    assert "o-alice" not in f"{error.value!r} {error.value.__cause__!r}"
