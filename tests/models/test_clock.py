"""The database's time, in each way in which Django can store times."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError, connection

from wxlogin import deadline
from wxlogin.clock import DatabaseClock, database_clock, utc_now
from wxlogin.models import LoginSession
from wxlogin.models.clock import DatabaseTime, database_time, shared_time

# A connection can only be closed outside of a transaction.
pytestmark = pytest.mark.django_db(transaction=True)
# The server of the tests runs on this machine.
SOON = timedelta(seconds=5)


def test_the_databases_time_is_now(kind_of_time):
    assert abs(database_time() - utc_now()) < SOON


def test_it_is_stored_and_compared_as_the_projects_own_times_are(kind_of_time, make_person):
    now = utc_now()
    session = LoginSession.objects.start(make_person(created_at=now, last_login_at=now), at=now)
    LoginSession.objects.update(last_seen_at=DatabaseTime(), expires_at=now + SOON)

    read = LoginSession.objects.find(session.public_id)

    assert abs(read.last_seen_at - now) < SOON
    assert abs(read.read_at - now) < SOON
    assert LoginSession.objects.live(DatabaseTime()).get() == session
    LoginSession.objects.update(expires_at=now - SOON)
    assert not LoginSession.objects.live(DatabaseTime()).exists()


@pytest.mark.skipif(
    connection.vendor != "mysql", reason="only MySQL's columns depend on the connection's zone"
)
def test_the_zone_of_a_mysql_connection_does_not_matter():
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+08:00'")

    assert abs(database_time() - utc_now()) < SOON


def test_each_read_sets_the_clock():
    database_clock._ahead = None

    now = database_time()

    assert database_clock.is_set
    assert abs(database_clock.now() - now.timestamp()) < 5


def test_a_clock_that_was_never_set_is_this_hosts():
    assert not DatabaseClock().is_set
    assert abs(DatabaseClock().now() - datetime.now(UTC).timestamp()) < 5


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_step_of_this_hosts_clock_does_not_move_the_databases(clocks, step):
    with clocks.host(ahead=0):
        now = database_time()

        with time_machine.travel(now + step):
            assert abs(database_clock.now() - now.timestamp()) < 5


def test_a_late_request_gets_the_databases_error_and_no_estimate(monkeypatch):
    def fail(*args):
        raise OperationalError

    monkeypatch.setattr(database_clock, "_ahead", None)
    monkeypatch.setattr(deadline, "is_over", lambda: True)

    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        shared_time()
