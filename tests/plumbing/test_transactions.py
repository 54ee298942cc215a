import time

import pytest
from django.contrib.auth import get_user_model
from django.db import DataError, IntegrityError, OperationalError, transaction

from wxlogin.deadline import request_deadline
from wxlogin.transactions import in_one_transaction, retry_contention, retry_lost_race


class FromPostgreSQL(Exception):
    def __init__(self, sqlstate):
        super().__init__("made up")
        self.sqlstate = sqlstate


class FromPsycopg2(Exception):
    def __init__(self, pgcode):
        super().__init__("made up")
        self.pgcode = pgcode


class FromPyMySQL(Exception):
    def __init__(self, number, sqlstate):
        super().__init__(number, "made up")
        self.sqlstate = sqlstate


def failure(cause=None, text="made up"):
    exc = OperationalError(text)
    exc.__cause__ = cause
    return exc


@in_one_transaction
def add_user(failures):
    """Insert a row, then raise the next failure if there is one left."""
    user = get_user_model().objects.create(username=f"try-{len(failures)}")
    if failures:
        raise failures.pop()
    return user.username


def usernames():
    return list(get_user_model().objects.values_list("username", flat=True))


CONTENTION = {
    "PostgreSQL: deadlock": lambda: failure(FromPostgreSQL("40P01")),
    "PostgreSQL: serialization failure": lambda: failure(FromPostgreSQL("40001")),
    "PostgreSQL: lock not available": lambda: failure(FromPostgreSQL("55P03")),
    "MySQL: lock wait time-out": lambda: failure(Exception(1205, "Lock wait timeout exceeded")),
    "MySQL: deadlock": lambda: failure(Exception(1213, "Deadlock found")),
    "psycopg2: deadlock": lambda: failure(FromPsycopg2("40P01")),
    "psycopg2: lock not available": lambda: failure(FromPsycopg2("55P03")),
    "PyMySQL: lock wait time-out": lambda: failure(FromPyMySQL(1205, "HY000")),
    "PyMySQL: deadlock": lambda: failure(FromPyMySQL(1213, "40001")),
    "SQLite: locked": lambda: failure(Exception("database is locked"), "database is locked"),
    "SQLite: table locked": lambda: failure(None, "database table is locked"),
}
OTHER_TROUBLE = {
    "PostgreSQL: statement time-out": lambda: failure(FromPostgreSQL("57014")),
    "PostgreSQL: no state": lambda: failure(FromPostgreSQL(None)),
    "MySQL: gone away": lambda: failure(Exception(2006, "Server has gone away")),
    "PyMySQL: gone away": lambda: failure(FromPyMySQL(2006, None)),
    "SQLite: disk": lambda: failure(Exception("disk I/O error"), "disk I/O error"),
    "no cause": lambda: failure(),
    "a cause without arguments": lambda: failure(Exception()),
    "not operational": lambda: DataError("database is locked"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fail", CONTENTION.values(), ids=CONTENTION.keys())
def test_a_transaction_is_retried_after_contention(fail):
    failures = [fail()]

    name = add_user(failures)

    assert name == "try-0"
    assert usernames() == ["try-0"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fail", CONTENTION.values(), ids=CONTENTION.keys())
def test_one_statement_is_retried_without_a_transaction(fail):
    failures = [fail()]

    @retry_contention
    def state_of_transaction():
        if failures:
            raise failures.pop()
        return transaction.get_connection().in_atomic_block

    assert state_of_transaction() is False


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("state", "tries"), [("40P01", 6), ("55P03", 2)], ids=["deadlock", "lock not available"]
)
def test_the_tries_have_an_end(state, tries):
    failures = [failure(FromPostgreSQL(state)) for _ in range(tries + 1)]

    with pytest.raises(OperationalError):
        add_user(failures)

    assert len(failures) == 1
    assert usernames() == []


@pytest.mark.django_db(transaction=True)
def test_nothing_is_retried_after_the_deadline():
    tries = []

    @in_one_transaction
    def wait_and_fail():
        tries.append(1)
        time.sleep(0.02)
        raise failure(FromPostgreSQL("40P01"))

    with pytest.raises(OperationalError), request_deadline(0.01):
        wait_and_fail()

    assert len(tries) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fail", OTHER_TROUBLE.values(), ids=OTHER_TROUBLE.keys())
def test_any_other_error_is_not_retried_and_stores_nothing(fail):
    failures = [failure(), fail()]

    with pytest.raises((OperationalError, DataError)):
        add_user(failures)

    assert len(failures) == 1
    assert usernames() == []


@pytest.mark.django_db
@pytest.mark.parametrize("fail", CONTENTION.values(), ids=CONTENTION.keys())
def test_inside_an_outer_transaction_nothing_is_retried(fail):
    failures = [failure(), fail()]

    with pytest.raises(OperationalError), transaction.atomic():
        add_user(failures)

    assert len(failures) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("lost", [1, 2, 5])
def test_a_lost_race_for_a_unique_row_is_run_again(lost):
    failures = [IntegrityError() for _ in range(lost)]

    name = retry_lost_race(add_user)(failures)

    assert name == "try-0"
    assert usernames() == ["try-0"]


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_after_a_lost_race_is_retried():
    failures = [failure(FromPostgreSQL("40P01")), IntegrityError()]

    assert retry_lost_race(add_user)(failures) == "try-0"


@pytest.mark.django_db
def test_only_decorated_functions_run_again_after_a_lost_race():
    failures = [IntegrityError() for _ in range(2)]

    with pytest.raises(IntegrityError):
        add_user(failures)

    assert len(failures) == 1


@pytest.mark.django_db
def test_a_race_that_is_lost_each_time_raises_the_error():
    failures = [IntegrityError() for _ in range(8)]

    with pytest.raises(IntegrityError):
        retry_lost_race(add_user)(failures)

    assert len(failures) == 2
    assert usernames() == []


@pytest.mark.django_db
def test_arguments_answer_and_name_pass_through():
    @in_one_transaction
    def add(first, *, second):
        """Adds."""
        return first + second

    assert add(1, second=2) == 3
    assert (add.__name__, add.__doc__) == ("add", "Adds.")
