import time

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
    assert deadline.until() == float("inf")


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
