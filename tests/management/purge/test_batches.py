from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import OperationalError, connection, connections

from tests.management.commands import lines_of
from wxlogin.clock import utc_now
from wxlogin.models import LoginSession, ReceivedPush
from wxlogin.services.upkeep import retention

from .rows import DAY, LONG_AGO, make_push


def test_many_go_in_many_batches(make_session, small_batches):
    for number in range(10):
        make_session(created=LONG_AGO + number * DAY, ended=LONG_AGO)
        make_push(LONG_AGO, f"{number}")

    lines = lines_of("wxlogin_purge")

    assert lines[:4] == [
        "login sessions deleted: 10",
        "login failures deleted: 0",
        "received pushes deleted: 10",
        "blocks of erased people deleted: 0",
    ]
    assert not LoginSession.objects.exists()
    assert not ReceivedPush.objects.exists()


def test_rows_that_stay_hide_no_rows_behind_them(make_session, small_batches):
    for age in range(200, 220):
        make_session(created=age * DAY, expires=DAY, ended=LONG_AGO if age % 7 == 0 else None)

    lines = lines_of("wxlogin_purge")

    assert lines[0] == "login sessions deleted: 3"
    assert LoginSession.objects.count() == 17


def test_rows_of_one_moment_are_each_passed(make_session, small_batches):
    for number in range(10):
        make_session(created=LONG_AGO, expires=DAY, ended=LONG_AGO if number % 2 else None)
    LoginSession.objects.update(created_at=utc_now() - LONG_AGO)

    lines = lines_of("wxlogin_purge")

    assert lines[0] == "login sessions deleted: 5"


@pytest.mark.django_db(transaction=True)
def test_batches_before_an_interruption_stay_deleted(make_session, small_batches, monkeypatch):
    for _ in range(10):
        make_session(created=LONG_AGO, ended=LONG_AGO)
    delete_batch, batches = retention.delete_batch, []

    def die_at_the_third(old):
        batches.append(old)
        if len(batches) == 3:
            raise KeyboardInterrupt
        return delete_batch(old)

    monkeypatch.setattr(retention, "delete_batch", die_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        lines_of("wxlogin_purge")
    assert LoginSession.objects.count() == 4
    monkeypatch.setattr(retention, "delete_batch", delete_batch)

    lines = lines_of("wxlogin_purge")

    assert lines[0] == "login sessions deleted: 4"
    assert not LoginSession.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_delete_each_row_once(make_session, small_batches):
    for number in range(60):
        make_session(created=LONG_AGO, ended=LONG_AGO if number % 2 else None)
    start = Barrier(2)

    def purge(_):
        try:
            start.wait()
            return lines_of("wxlogin_purge")[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        lines = list(pool.map(purge, range(2)))

    assert sum(int(line.rpartition(" ")[2]) for line in lines) == 30
    assert LoginSession.objects.count() == 30


def test_a_session_that_is_renewed_meanwhile_is_left_alone(make_session, monkeypatch):
    """Somebody lengthens the session by hand between the query and the deletion."""
    session = make_session(created=300 * DAY)
    older_in_batches = retention.older_in_batches

    def renew_before_each_batch(*args, **kwargs):
        for batch in older_in_batches(*args, **kwargs):
            LoginSession.objects.filter(pk=session.pk).update(expires_at=utc_now() + DAY)
            yield batch

    monkeypatch.setattr(retention, "older_in_batches", renew_before_each_batch)

    lines_of("wxlogin_purge")

    assert LoginSession.objects.exists()


def test_a_batch_is_two_statements(make_session, small_batches, django_assert_num_queries):
    for _ in range(6):
        make_session(created=LONG_AGO, ended=LONG_AGO)
    lines_of("wxlogin_rollup")

    # The database's time for each of two, the last hour that is rolled up, two batches, four last queries, two
    # statements for each of two savepoints, and the pictures.
    with django_assert_num_queries(2 + 1 + 2 * (1 + 1) + 4 + 2 * 2 + 1):
        lines_of("wxlogin_purge")


@pytest.mark.django_db(transaction=True)
def test_a_locked_database_does_not_stop_the_purge(make_session, monkeypatch):
    make_session(created=LONG_AGO, ended=LONG_AGO)
    failures = [OperationalError("database is locked")]
    execute = connection.ops.compiler("SQLDeleteCompiler").execute_sql

    def execute_later(self, *args, **kwargs):
        if failures:
            raise failures.pop()
        return execute(self, *args, **kwargs)

    monkeypatch.setattr(connection.ops.compiler("SQLDeleteCompiler"), "execute_sql", execute_later)

    lines = lines_of("wxlogin_purge")

    assert lines[0] == "login sessions deleted: 1"
