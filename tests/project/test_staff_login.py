"""The limit on guesses at the login of the admin."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import Api
from wxlogin.clock import utc_now

LIMIT = 10
PASSWORD, GUESS = "right-horse-battery", "PLANTED-guess"

Attempt = Callable[..., Any]


@pytest.fixture
def attempt(db: None) -> Attempt:
    """Return a function that tries to log in to the admin, and returns the answer."""
    User.objects.create_superuser("manager", password=PASSWORD)
    User.objects.create_superuser("deputy", password=PASSWORD)

    def attempt(
        name: str = "manager", password: str = GUESS, address: str = "192.0.2.1", **headers: str
    ) -> Any:
        form = {"username": name, "password": password}
        return Client().post("/admin/login/", form, REMOTE_ADDR=address, headers=headers)

    return attempt


def test_guesses_at_one_name_are_limited_whatever_their_addresses(attempt: Attempt) -> None:
    answers = [attempt(address=f"192.0.2.{number}").status_code for number in range(LIMIT)]

    assert answers == [200] * (LIMIT - 1) + [429]
    assert attempt(password=PASSWORD, address="198.51.100.1").status_code == 429
    assert attempt("deputy", PASSWORD, "198.51.100.1").status_code == 302


def test_guesses_of_one_address_are_limited_whatever_their_names(attempt: Attempt) -> None:
    for number in range(LIMIT):
        attempt(f"name-{number}")

    assert attempt("deputy", PASSWORD).status_code == 429
    assert attempt("deputy", PASSWORD, "198.51.100.1").status_code == 302


def test_one_ipv6_network_counts_as_one_address(attempt: Attempt) -> None:
    for number in range(LIMIT):
        attempt(f"name-{number}", address=f"2001:db8::{number}")

    assert attempt("deputy", PASSWORD, "2001:db8::ffff").status_code == 429
    assert attempt("deputy", PASSWORD, "2001:db8:0:1::1").status_code == 302


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(attempt: Attempt, configure: Any) -> None:
    configure(TRUSTED_PROXIES=1)
    for number in range(LIMIT):
        attempt(f"name-{number}", x_forwarded_for=f"203.0.113.{number}, 192.0.2.7")

    assert attempt("deputy", PASSWORD, x_forwarded_for="203.0.113.99, 192.0.2.7").status_code == 429
    assert attempt("deputy", PASSWORD, x_forwarded_for="192.0.2.7, 192.0.2.8").status_code == 302


def test_it_ends_after_a_quarter_of_an_hour_however_long_the_guessing_goes_on(attempt: Attempt) -> None:
    begin = utc_now()
    for minute in range(15):
        with time_machine.travel(begin + timedelta(seconds=minute * 60)):
            attempts = LIMIT if minute == 0 else 1
            assert [attempt().status_code for _ in range(attempts)][-1] == 429

    with time_machine.travel(begin + timedelta(minutes=16)):
        assert attempt(password=PASSWORD).status_code == 302


def test_a_name_that_is_longer_than_its_column_counts_like_any_other(attempt: Attempt) -> None:
    answers = [attempt("long-" * 1000).status_code for _ in range(LIMIT)]

    assert answers == [200] * (LIMIT - 1) + [429]


def test_a_good_login_begins_the_count_anew(attempt: Attempt) -> None:
    for _ in range(3):
        for _ in range(LIMIT - 1):
            attempt()
        assert attempt(password=PASSWORD).status_code == 302


def test_the_page_says_so_in_the_language_of_the_browser(attempt: Attempt) -> None:
    for _ in range(LIMIT):
        answer = attempt(accept_language="zh-CN")

    assert "登录失败次数过多，请稍后再试，最长等待 15 分钟。" in answer.content.decode()
    assert (
        "Too many failed logins. Try again later, in 15 minutes at the latest." in attempt().content.decode()
    )
    assert answer["Retry-After"] == "900"


def test_each_failure_is_in_the_log_with_the_address_and_no_password(
    attempt: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(LIMIT + 2):
        attempt()

    lines = [
        record.getMessage() for record in caplog.records if "user=m…r ip=192.0.2.1" in record.getMessage()
    ]
    assert sum("login failure by" in line for line in lines) == LIMIT
    assert sum("locked out" in line for line in lines) == 3
    assert not [line for line in lines if "manager" in line]
    assert GUESS not in caplog.text


def test_it_needs_no_cache(attempt: Attempt, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "made.up.Cache"}}

    for _ in range(LIMIT):
        attempt()

    assert attempt(password=PASSWORD).status_code == 429


def test_people_who_log_in_with_wechat_are_not_counted(attempt: Attempt, api: Api) -> None:
    for _ in range(LIMIT):
        attempt(address="127.0.0.1")

    assert api.log_in().get("me/").status_code == 200
