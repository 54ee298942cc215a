import contextvars
import math
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection

from wxlogin import deadline
from wxlogin.deadline import request_deadline
from wxlogin.shared_cache import SharedCache

SLEEP = {"postgresql": "SELECT pg_sleep(1.5)", "mysql": "SELECT SLEEP(1.5)"}


@pytest.fixture
def sleep() -> str:
    """Return a statement during which the database says nothing for longer than a second."""
    if connection.vendor not in SLEEP:
        pytest.skip("SQLite has no connection that could be cut")
    return SLEEP[connection.vendor]


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_waits_ends_at_the_deadline(sleep: str) -> None:
    connection.ensure_connection()
    began = time.monotonic()

    with pytest.raises(OperationalError), request_deadline(0.2):
        run(sleep)

    assert 0.2 <= time.monotonic() - began < 1
    connection.close()
    run("SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_made_within_the_request_is_cut_too(sleep: str) -> None:
    began = time.monotonic()
    connection.close()

    with pytest.raises(OperationalError), request_deadline(0.5):
        run(sleep)

    assert time.monotonic() - began < 1.3
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_connection_is_cut_while_django_sets_it_up(sleep: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    connection.close()
    set_up = connection.init_connection_state

    def wait() -> None:
        connection.connection.cursor().execute(sleep)
        set_up()

    monkeypatch.setattr(connection, "init_connection_state", wait)
    with pytest.raises(OperationalError), request_deadline(0.5):
        run("SELECT 1")

    assert time.monotonic() - began < 1.3
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_cut_while_nobody_used_it_serves_no_later_request(sleep: str) -> None:
    # It may take longer than the request has time.
    connection.ensure_connection()
    with request_deadline(0.05):
        run("SELECT 1")
        time.sleep(0.3)
    # Django does this between two requests.
    connection.close_if_unusable_or_obsolete()

    run("SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_a_socket_that_gets_the_number_of_a_cut_one_is_left_alone(sleep: str) -> None:
    with request_deadline(0.05):
        with pytest.raises(OperationalError):
            run(sleep)
        connection.connection.close()
        pairs = [socket.socketpair() for _ in range(4)]
        time.sleep(0.3)

    for one, other in pairs:
        with one, other:
            one.send(b"alive")
            assert other.recv(5) == b"alive"
    # Closed above, which mysqlclient would say to Django.
    connection.connection = None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_over", [False, True], ids=["within the request", "after the request"])
def test_the_connection_of_another_thread_of_the_request_is_cut_too(sleep: str, is_over: bool) -> None:
    def wait() -> float:
        connection.ensure_connection()
        began = time.monotonic()
        try:
            with pytest.raises(OperationalError), request_deadline(0.2):
                run(sleep)
        finally:
            connection.close()
        return time.monotonic() - began

    with request_deadline(60):
        task = contextvars.copy_context()
        if not is_over:
            assert in_thread(task.run, wait) < 1
    if is_over:
        assert in_thread(task.run, wait) < 1


def test_another_thread_of_a_request_has_its_deadline() -> None:
    def look() -> bool:
        with request_deadline(60):
            return deadline.is_over()

    with request_deadline(0):
        assert in_thread(contextvars.copy_context().run, look)


@pytest.mark.django_db(transaction=True)
def test_a_request_leaves_no_descriptor_behind(sleep: str) -> None:
    connection.ensure_connection()
    before = os.listdir("/proc/self/fd")

    for _ in range(3):
        with request_deadline(60), request_deadline(60):
            run("SELECT 1")

    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.django_db(transaction=True)
def test_a_late_request_begins_no_statement_and_connects_no_more() -> None:
    connection.ensure_connection()

    with request_deadline(60), request_deadline(0):
        with pytest.raises(OperationalError):
            run("SELECT 1")
        connection.close()
        with pytest.raises(OperationalError):
            run("SELECT 1")
    assert connection.connection is None

    run("SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_a_request_that_is_in_time_keeps_its_connection() -> None:
    connection.ensure_connection()
    before = connection.connection

    with request_deadline(0.15):
        run("SELECT 1")
    time.sleep(0.4)
    run("SELECT 1")

    assert connection.connection is before


def test_the_inner_deadline_counts_and_then_the_outer_one_again() -> None:
    assert not deadline.is_over()
    with request_deadline(60):
        with request_deadline(0):
            assert deadline.is_over()
        assert not deadline.is_over()
    assert deadline.until() == math.inf


def test_an_inner_deadline_is_no_later_than_the_outer_one() -> None:
    with request_deadline(0), request_deadline(60):
        assert deadline.is_over()


def test_a_task_that_outlives_its_request_has_no_deadline() -> None:
    with request_deadline(0):
        task = contextvars.copy_context()
        assert task.run(deadline.is_over)

    assert not task.run(deadline.is_over)
    assert task.run(deadline.may_ask_cache)


def test_a_slow_cache_is_asked_no_more_once_it_has_taken_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "CACHE_SECONDS", 0.05)
    asked = []

    def use(store: object) -> None:
        asked.append(store)
        time.sleep(0.03)

    shared = SharedCache()
    with request_deadline(60):
        for _ in range(4):
            shared.run(use)
    shared.run(use)

    assert [store is asked[0] for store in asked] == [True, True, False, False, True]
