from datetime import timedelta

import pytest
import time_machine

from tests.conftest import Api
from tests.management.commands import lines_of
from wxlogin.clock import utc_now
from wxlogin.models import (
    CarriedBlock,
    HourlyFigure,
    LoginFailure,
    LoginSession,
    ReceivedPush,
    SessionKey,
    StaffAct,
    WeChatUser,
)
from wxlogin.secret import Secret

from .rows import DAY, LATELY, LONG_AGO, make_carried_block, make_failure, make_push

NOTHING = [
    "login sessions deleted: 0",
    "login failures deleted: 0",
    "received pushes deleted: 0",
    "blocks of erased people deleted: 0",
    "pictures without a person deleted: 0",
    "references to missing pictures deleted: 0",
]


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
        "ended long ago, and its tokens are not expired yet",
        "old and live",
        "new and live",
    ],
)
def test_a_session_goes_once_it_has_been_over_for_long_enough(make_session, session, stays):
    make_session(**session)

    lines = lines_of("wxlogin_purge")

    assert lines[0] == f"login sessions deleted: {0 if stays else 1}"
    assert LoginSession.objects.exists() is stays


def test_a_session_of_somebody_erased_goes_like_any_other(make_session):
    make_session(created=LONG_AGO, ended=LONG_AGO, wechat_user=None)

    lines_of("wxlogin_purge")

    assert not LoginSession.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "left"), [(LONG_AGO, 0), (LATELY, 1)])
def test_failures_and_pushes_go_by_their_age(age, left):
    make_failure(age)
    make_push(age)

    lines = lines_of("wxlogin_purge")

    assert lines[1:3] == [f"login failures deleted: {1 - left}", f"received pushes deleted: {1 - left}"]
    assert (LoginFailure.objects.count(), ReceivedPush.objects.count()) == (left, left)


@pytest.mark.django_db
@pytest.mark.parametrize(("forgotten", "left"), [(timedelta(seconds=1), 0), (-DAY, 1)])
def test_the_block_of_somebody_erased_goes_at_its_own_time(forgotten, left):
    make_carried_block(forgotten)

    lines = lines_of("wxlogin_purge")

    assert lines[3] == f"blocks of erased people deleted: {1 - left}"
    assert CarriedBlock.objects.count() == left


def test_retention_says_how_long(make_session, configure):
    configure(RETENTION=3600)
    lately = timedelta(seconds=1)
    make_session(created=DAY, expires=lately, ended=timedelta(minutes=61))
    kept = make_session(created=DAY, expires=lately, ended=timedelta(minutes=59))

    lines_of("wxlogin_purge")

    assert list(LoginSession.objects.all()) == [kept]


def test_tokens_of_an_erased_person_are_answered_until_their_time_is_over(alice: Api, configure) -> None:
    configure(RETENTION=1)
    alice.delete("me/")
    with time_machine.travel(utc_now() + DAY, tick=False):
        lines_of("wxlogin_purge")
        answer = alice.refresh()

    assert (answer.json()["code"], answer.json()["reason"]) == ("session_ended", "erased")


def test_people_their_keys_and_the_moves_of_identities_stay(make_person):
    alice = make_person(created_at=utc_now() - 999 * DAY, last_login_at=utc_now() - 999 * DAY)
    SessionKey.objects.store(alice, Secret("made-up"), asked_at=utc_now() - 999 * DAY)
    StaffAct.objects.create(
        wechat_user=alice, action="merge", from_user="1", to_user="2", created_at=utc_now() - 999 * DAY
    )

    assert lines_of("wxlogin_purge") == NOTHING

    assert (WeChatUser.objects.count(), SessionKey.objects.count(), StaffAct.objects.count()) == (1, 1, 1)


def test_a_second_run_finds_nothing(make_session):
    make_session(created=LONG_AGO, ended=LONG_AGO)
    lines_of("wxlogin_purge")

    assert lines_of("wxlogin_purge") == NOTHING


@pytest.mark.django_db
def test_a_host_that_is_ahead_deletes_and_rolls_up_nothing_early(clocks):
    make_failure(LATELY)
    make_carried_block(-DAY)

    with clocks.host(ahead=3 * 86400):
        assert lines_of("wxlogin_purge") == NOTHING

    assert not HourlyFigure.objects.filter(hour__gt=utc_now()).exists()
