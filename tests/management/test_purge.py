from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.db import OperationalError, connection, connections
from django.utils import timezone

from tests.conftest import Api
from tests.settings import APPID
from wxlogin.models import (
    CarriedBlock,
    LoginFailure,
    LoginSession,
    ReceivedPush,
    SessionKey,
    StaffAct,
    WeChatUser,
)
from wxlogin.services.upkeep import retention

from .conftest import told

DAY = timedelta(days=1)
LONG_AGO, LATELY = 181 * DAY, 179 * DAY
NOTHING = [
    "login sessions deleted: 0",
    "login failures deleted: 0",
    "received pushes deleted: 0",
    "blocks of erased people deleted: 0",
]


@pytest.fixture
def make_session(make_person):
    alice = make_person()

    def make(*, created, expires=None, ended=None, **fields):
        """Times as how long ago; a negative one is to come."""
        now = timezone.now()
        return LoginSession.objects.create(
            wechat_user=fields.pop("wechat_user", alice),
            created_at=now - created,
            last_seen_at=now - created,
            expires_at=now - (created - 30 * DAY if expires is None else expires),
            ended_at=None if ended is None else now - ended,
            **fields,
        )

    return make


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)


def make_failure(age):
    return LoginFailure.objects.create(created_at=timezone.now() - age, appid=APPID, code="code_invalid")


def make_push(age, digest="d"):
    return ReceivedPush.objects.create(digest=digest, received_at=timezone.now() - age)


def make_carried_block(forgotten, fingerprint="f"):
    now = timezone.now()
    return CarriedBlock.objects.create(
        fingerprint=fingerprint, blocked_at=now - LONG_AGO, sealed_reason=b"", forgotten_at=now - forgotten
    )


@pytest.mark.parametrize(
    ("session", "stays"),
    [
        ({"created": LONG_AGO, "ended": LONG_AGO}, False),
        ({"created": LONG_AGO, "ended": LATELY}, True),
        ({"created": LATELY, "ended": LATELY}, True),
        ({"created": 300 * DAY}, False),
        ({"created": 211 * DAY}, False),
        ({"created": 209 * DAY}, True),
        ({"created": 300 * DAY, "ended": LATELY}, False),
        ({"created": LONG_AGO, "expires": -DAY, "ended": LONG_AGO}, True),
        ({"created": 3000 * DAY, "expires": -DAY}, True),
        ({"created": timedelta()}, True),
    ],
    ids=[
        "ended long ago",
        "ended lately",
        "made and ended lately",
        "expired long ago",
        "just long enough expired",
        "not quite long enough expired",
        "expired long ago, ended lately",
        "ended long ago, and its tokens are not past their time yet",
        "old and live",
        "new and live",
    ],
)
def test_a_session_goes_once_it_has_been_over_for_long_enough(make_session, session, stays):
    make_session(**session)

    lines = told("wxlogin_purge")

    assert lines[0] == f"login sessions deleted: {0 if stays else 1}"
    assert LoginSession.objects.exists() is stays


def test_a_session_of_somebody_erased_goes_like_any_other(make_session):
    make_session(created=LONG_AGO, ended=LONG_AGO, wechat_user=None)

    told("wxlogin_purge")

    assert not LoginSession.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "left"), [(LONG_AGO, 0), (LATELY, 1)])
def test_failures_and_pushes_go_by_their_age(age, left):
    make_failure(age)
    make_push(age)

    lines = told("wxlogin_purge")

    assert lines[1:3] == [f"login failures deleted: {1 - left}", f"received pushes deleted: {1 - left}"]
    assert (LoginFailure.objects.count(), ReceivedPush.objects.count()) == (left, left)


@pytest.mark.django_db
@pytest.mark.parametrize(("forgotten", "left"), [(timedelta(seconds=1), 0), (-DAY, 1)])
def test_the_block_of_somebody_erased_goes_at_its_own_time(forgotten, left):
    make_carried_block(forgotten)

    lines = told("wxlogin_purge")

    assert lines[3] == f"blocks of erased people deleted: {1 - left}"
    assert CarriedBlock.objects.count() == left


def test_retention_says_how_long(make_session, configure):
    configure(RETENTION=3600)
    lately = timedelta(seconds=1)
    make_session(created=DAY, expires=lately, ended=timedelta(minutes=61))
    kept = make_session(created=DAY, expires=lately, ended=timedelta(minutes=59))

    told("wxlogin_purge")

    assert list(LoginSession.objects.all()) == [kept]


def test_tokens_of_an_erased_person_are_answered_until_their_time_is_over(alice: Api, configure) -> None:
    configure(RETENTION=1)
    alice.delete("me/")
    with time_machine.travel(timezone.now() + DAY, tick=False):
        told("wxlogin_purge")
        answer = alice.refresh()

    assert (answer.json()["code"], answer.json()["reason"]) == ("session_ended", "erased")


def test_people_their_keys_and_the_moves_of_identities_stay(make_person):
    alice = make_person(created_at=timezone.now() - 999 * DAY, last_login_at=timezone.now() - 999 * DAY)
    SessionKey.objects.keep(alice, "made-up", asked_at=timezone.now() - 999 * DAY)
    StaffAct.objects.create(
        wechat_user=alice, action="merge", from_user="1", to_user="2", created_at=timezone.now() - 999 * DAY
    )

    assert told("wxlogin_purge") == NOTHING

    assert (WeChatUser.objects.count(), SessionKey.objects.count(), StaffAct.objects.count()) == (1, 1, 1)


def test_many_go_in_many_batches(make_session, small_batches):
    for number in range(10):
        make_session(created=LONG_AGO + number * DAY, ended=LONG_AGO)
        make_push(LONG_AGO, f"{number}")

    lines = told("wxlogin_purge")

    assert lines == [
        "login sessions deleted: 10",
        "login failures deleted: 0",
        "received pushes deleted: 10",
        "blocks of erased people deleted: 0",
    ]
    assert not LoginSession.objects.exists()
    assert not ReceivedPush.objects.exists()


def test_what_stays_hides_nothing_behind_it(make_session, small_batches):
    for age in range(200, 220):
        make_session(created=age * DAY, expires=DAY, ended=LONG_AGO if age % 7 == 0 else None)

    lines = told("wxlogin_purge")

    assert lines[0] == "login sessions deleted: 3"
    assert LoginSession.objects.count() == 17


def test_rows_of_one_moment_are_each_passed(make_session, small_batches):
    for number in range(10):
        make_session(created=LONG_AGO, expires=DAY, ended=LONG_AGO if number % 2 else None)
    LoginSession.objects.update(created_at=timezone.now() - LONG_AGO)

    lines = told("wxlogin_purge")

    assert lines[0] == "login sessions deleted: 5"


def test_a_second_run_finds_nothing(make_session):
    make_session(created=LONG_AGO, ended=LONG_AGO)
    told("wxlogin_purge")

    assert told("wxlogin_purge") == NOTHING


@pytest.mark.django_db(transaction=True)
def test_what_was_deleted_before_it_was_stopped_is_deleted(make_session, small_batches, monkeypatch):
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
        told("wxlogin_purge")
    assert LoginSession.objects.count() == 4
    monkeypatch.setattr(retention, "delete_batch", delete_batch)

    lines = told("wxlogin_purge")

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
            return told("wxlogin_purge")[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        lines = list(pool.map(purge, range(2)))

    assert sum(int(line.rpartition(" ")[2]) for line in lines) == 30
    assert LoginSession.objects.count() == 30


def test_a_session_that_is_renewed_meanwhile_is_left_alone(make_session, monkeypatch):
    """One whose time was lengthened by hand, say, between the look and the deletion."""
    session = make_session(created=300 * DAY)
    older_in_batches = retention.older_in_batches

    def walk_slowly(*args, **kwargs):
        for batch in older_in_batches(*args, **kwargs):
            LoginSession.objects.filter(pk=session.pk).update(expires_at=timezone.now() + DAY)
            yield batch

    monkeypatch.setattr(retention, "older_in_batches", walk_slowly)

    told("wxlogin_purge")

    assert LoginSession.objects.exists()


def test_a_batch_is_two_statements(make_session, small_batches, django_assert_num_queries):
    for _ in range(6):
        make_session(created=LONG_AGO, ended=LONG_AGO)
    told("wxlogin_rollup")

    # Until when all is counted, two batches, four last looks, two savepoints.
    with django_assert_num_queries(1 + 2 * (1 + 1) + 4 + 2 * 2):
        told("wxlogin_purge")


@pytest.mark.django_db(transaction=True)
def test_somebody_in_the_way_of_a_batch_is_no_reason_to_stop(make_session, monkeypatch):
    make_session(created=LONG_AGO, ended=LONG_AGO)
    failures = [OperationalError("database is locked")]
    execute = connection.ops.compiler("SQLDeleteCompiler").execute_sql

    def execute_later(self, *args, **kwargs):
        if failures:
            raise failures.pop()
        return execute(self, *args, **kwargs)

    monkeypatch.setattr(connection.ops.compiler("SQLDeleteCompiler"), "execute_sql", execute_later)

    lines = told("wxlogin_purge")

    assert lines[0] == "login sessions deleted: 1"
