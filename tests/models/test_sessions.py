from datetime import timedelta

import pytest

from wxlogin.models import LoginSession

from .conftest import NOON

IDLE, ABSOLUTE = timedelta(days=7), timedelta(days=30)
MOMENT = timedelta(microseconds=1)
Reason = LoginSession.EndReason


@pytest.fixture(autouse=True)
def _at_noon(clock):
    pass


@pytest.fixture
def session(make_person):
    return LoginSession.objects.start(
        make_person(), at=NOON, ip="192.0.2.7", user_agent="phone", release="12", client="0.1.0"
    )


def test_a_session_starts_live_at_generation_nothing(session):
    stored = LoginSession.objects.get()

    assert stored == session
    assert (stored.created_at, stored.last_seen_at, stored.expires_at) == (NOON, NOON, NOON + ABSOLUTE)
    assert (stored.generation, stored.ended_at, stored.end_reason) == (0, None, "")
    assert (stored.ip, stored.user_agent) == ("192.0.2.7", "phone")
    assert (stored.release, stored.client) == ("12", "0.1.0")


def test_public_ids_are_long_and_random(make_person):
    alice = make_person()

    ids = {LoginSession.objects.start(alice, at=NOON).public_id for _ in range(20)}

    assert len(ids) == 20
    assert all(len(each) == 32 and int(each, 16) for each in ids)


def test_a_session_keeps_the_absolute_limit_it_began_with(session, configure):
    configure(SESSION_ABSOLUTE=60)

    session.refresh_from_db()

    assert session.expires_at == NOON + ABSOLUTE


@pytest.mark.parametrize(
    ("changes", "after", "live"),
    [
        ({}, timedelta(), True),
        ({}, IDLE - MOMENT, True),
        ({}, IDLE, False),
        ({"last_seen_at": NOON + ABSOLUTE - MOMENT}, ABSOLUTE - MOMENT, True),
        ({"last_seen_at": NOON + ABSOLUTE - MOMENT}, ABSOLUTE, False),
        ({"ended_at": NOON}, timedelta(), False),
        ({"ended_at": NOON + ABSOLUTE}, timedelta(), False),
    ],
    ids=["new", "idle", "idle too long", "old", "too old", "ended", "ended by a clock ahead of ours"],
)
def test_row_and_query_agree_on_which_sessions_are_live(session, changes, after, live):
    LoginSession.objects.update(**changes)
    session.refresh_from_db()

    assert LoginSession.objects.live(NOON + after).exists() is live
    assert session.is_over(NOON + after) is not live


def test_spending_moves_on_one_generation(session, clock):
    later = NOON + timedelta(hours=1)
    clock.move_to(later)

    spent = LoginSession.objects.spend(session.public_id, 0)

    session.refresh_from_db()
    assert spent is True
    assert (session.generation, session.last_seen_at) == (1, later)


def test_a_generation_can_be_spent_once(session):
    outcomes = [LoginSession.objects.spend(session.public_id, 0) for _ in range(3)]

    session.refresh_from_db()
    assert outcomes == [True, False, False]
    assert session.generation == 1


@pytest.mark.parametrize("generation", [1, 7])
def test_only_the_present_generation_can_be_spent(session, generation):
    assert LoginSession.objects.spend(session.public_id, generation) is False


@pytest.mark.parametrize(
    ("changes", "at"),
    [({"ended_at": NOON}, NOON), ({}, NOON + ABSOLUTE)],
    ids=["ended", "past its absolute limit"],
)
def test_a_session_that_is_over_can_not_be_spent(session, clock, changes, at):
    LoginSession.objects.filter(pk=session.pk).update(**{"release": "13", **changes})

    clock.move_to(at)
    assert LoginSession.objects.spend(session.public_id, 0) is False

    session.refresh_from_db()
    assert (session.generation, session.last_seen_at) == (0, NOON)


def test_spending_touches_no_other_session(session):
    other = LoginSession.objects.start(session.wechat_user, at=NOON)

    LoginSession.objects.spend(session.public_id, 0)

    other.refresh_from_db()
    assert other.generation == 0


def test_an_ended_session_keeps_its_first_reason(session, clock):
    first = LoginSession.objects.all().end(Reason.LOGGED_OUT)
    clock.shift(timedelta(hours=1))
    second = LoginSession.objects.all().end(Reason.ENDED_BY_STAFF)

    session.refresh_from_db()
    assert (first, second) == (1, 0)
    assert (session.ended_at, session.end_reason) == (NOON, Reason.LOGGED_OUT)


def test_ending_touches_only_the_chosen(session):
    other = LoginSession.objects.start(session.wechat_user, at=NOON)

    LoginSession.objects.filter(pk=session.pk).end(Reason.LOGGED_OUT)

    assert list(LoginSession.objects.live(NOON)) == [other]


@pytest.mark.parametrize("reason", Reason.values)
def test_every_reason_fits_its_column(reason):
    assert len(reason) <= LoginSession._meta.get_field("end_reason").max_length


def test_the_oldest_live_sessions_make_way(make_person, configure, clock):
    configure(MAX_SESSIONS=2)
    alice = make_person()
    started = [LoginSession.objects.start(alice, at=NOON + timedelta(minutes=n)) for n in range(4)]
    later = NOON + timedelta(hours=1)
    clock.move_to(later)

    ended = LoginSession.objects.end_surplus(alice, later)

    assert set(ended) == {session.public_id for session in started[:2]}
    assert set(LoginSession.objects.live(later)) == set(started[2:])
    assert set(LoginSession.objects.filter(ended_at=later, end_reason=Reason.REPLACED)) == set(started[:2])


@pytest.mark.parametrize("step", [0, 1, -1], ids=["same moment", "in order", "a clock was ahead"])
def test_the_row_that_was_inserted_last_stays(make_person, configure, step):
    configure(MAX_SESSIONS=1)
    alice = make_person()
    started = [LoginSession.objects.start(alice, at=NOON + step * timedelta(hours=n)) for n in range(3)]

    LoginSession.objects.end_surplus(alice, NOON)

    assert list(LoginSession.objects.live(NOON)) == started[2:]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_nothing_is_surplus_up_to_the_limit(make_person, configure, count):
    configure(MAX_SESSIONS=2)
    alice = make_person()
    for _ in range(count):
        LoginSession.objects.start(alice, at=NOON)

    assert LoginSession.objects.end_surplus(alice, NOON) == []

    assert LoginSession.objects.live(NOON).count() == count


def test_sessions_that_are_over_or_somebody_elses_do_not_count(make_person, configure):
    configure(MAX_SESSIONS=1)
    alice, bob = make_person(), make_person("o-bob")
    idle = LoginSession.objects.start(alice, at=NOON - IDLE)
    ended = LoginSession.objects.start(alice, at=NOON)
    LoginSession.objects.filter(pk=ended.pk).end(Reason.LOGGED_OUT)
    for person in (alice, bob):
        LoginSession.objects.start(person, at=NOON)

    assert LoginSession.objects.end_surplus(alice, NOON) == []

    idle.refresh_from_db()
    ended.refresh_from_db()
    assert (idle.end_reason, ended.end_reason) == ("", Reason.LOGGED_OUT)


def test_a_limit_that_was_lowered_holds_after_one_call(make_person, configure):
    alice = make_person()
    for _ in range(10):
        newest = LoginSession.objects.start(alice, at=NOON)
    configure(MAX_SESSIONS=1)

    assert len(LoginSession.objects.end_surplus(alice, NOON)) == 9

    assert list(LoginSession.objects.live(NOON)) == [newest]


def test_of_user_spans_apps(make_person):
    shop = make_person("o-1", appid="wx-shop")
    cafe, bob = make_person("o-2", appid="wx-cafe", user=shop.user), make_person("o-bob")
    mine = {LoginSession.objects.start(person, at=NOON) for person in (shop, cafe)}
    LoginSession.objects.start(bob, at=NOON)

    assert set(LoginSession.objects.of_user(shop.user)) == mine


def test_with_person_needs_no_further_query(session, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = LoginSession.objects.with_person().get()
        assert found.wechat_user.user.is_active


def test_str_shows_a_part_of_the_id_and_runs_no_query(session, django_assert_num_queries):
    found = LoginSession.objects.get()

    with django_assert_num_queries(0):
        shown = str(found)

    assert shown == f"{session.public_id[:8]}…"


def test_expired_finds_sessions_past_a_limit_marked_as_ended_or_not(make_person):
    person = make_person()
    idle, absolute = NOON - IDLE, NOON - ABSOLUTE

    def start(at, **changes):
        session = LoginSession.objects.start(person, at=at)
        LoginSession.objects.filter(pk=session.pk).update(**changes)
        return session

    start(NOON - MOMENT)
    start(idle, ended_at=idle, end_reason=Reason.LOGGED_OUT)
    start(idle, last_seen_at=NOON)
    expected = {
        start(idle),
        start(absolute, last_seen_at=NOON),
        start(idle, ended_at=NOON, end_reason=Reason.EXPIRED),
    }

    assert set(LoginSession.objects.expired(NOON)) == expected
