import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction

from tests.conftest import Api
from tests.helpers.simultaneous import at_once
from wxlogin.models import WeChatUser
from wxlogin.models.users import lock_users
from wxlogin.transactions import in_one_transaction, kind_of_contention

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_driver_is_psycopg2() -> None:
    assert connection.Database.__name__ == "psycopg2"


def test_a_deadlock_is_retried(alice: Api, bob: Api) -> None:
    users = list(User.objects.order_by("pk"))
    tries: list[int] = []
    both_hold_one = threading.Barrier(2)

    @in_one_transaction
    def lock_both(number: int) -> None:
        is_first_try = number not in tries
        tries.append(number)
        one, other = users[number], users[1 - number]
        lock_users(one)
        if is_first_try:
            both_hold_one.wait()
        lock_users(other)

    def run(number: int) -> None:
        with connection.cursor() as cursor:
            # Longer than PostgreSQL takes to notice a deadlock.
            cursor.execute("SET lock_timeout = '10s'; SET deadlock_timeout = '50ms'")
        try:
            lock_both(number)
        finally:
            connection.close()

    at_once(2, run)

    # The one that the database chose, and once more if it meets the other again.
    assert len(tries) >= 3


def test_a_lock_timeout_is_recognised(alice: Api) -> None:
    def lock_for_a_moment() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '50ms'")
                lock_users(User.objects.get())
        except OperationalError as exc:
            found.append(kind_of_contention(exc))
        finally:
            connection.close()

    found: list[str] = []
    with transaction.atomic():
        lock_users(User.objects.get())
        other = threading.Thread(target=lock_for_a_moment)
        other.start()
        other.join()

    assert found == ["lock timeout"]


def test_a_lost_connection_is_503_and_the_next_request_works(alice: Api) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.get_backend_pid()])
    other.close()

    lost = alice.get("me/")
    # A real server does this after each request.
    connection.close_if_unusable_or_obsolete()

    assert (lost.status_code, lost.json()["code"]) == (503, "storage_unavailable")
    assert alice.get("me/").status_code == 200


def test_an_error_says_what_failed_and_quotes_no_row(alice: Api, configure: Any) -> None:
    person = WeChatUser.objects.get()
    person.pk = None

    with pytest.raises(Exception, match="sqlstate=23505 .*constraint=wxlogin_one_openid_per_app") as error:
        person.save(force_insert=True)

    assert "o-alice" not in f"{error.value!r} {error.value.__cause__!r}"
