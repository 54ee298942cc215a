from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from wxlogin.models import LoginFailure, WeChatUser
from wxlogin.secret import Secret
from wxlogin.transactions import retry_lost_race
from wxlogin.wechat.results import Code2Session

from .conftest import NOON

LATER = NOON + timedelta(hours=1)
OPENID = "oAlice-0123456789-0123456789"


@pytest.fixture(autouse=True)
def _at_noon(clock):
    pass


def upsert(openid=OPENID, *, unionid="", appid="wx-shop", make_user=None):
    identity = Code2Session(openid=openid, session_key=Secret("made-up"), unionid=unionid)
    with transaction.atomic():
        upserted = WeChatUser.objects.upsert_identity(
            appid, identity, find_user=lambda: ((make_user or new_user)(), True)
        )
    return upserted.wechat_user, upserted.is_new_user


def new_user():
    return get_user_model().objects.create(username=f"user-{get_user_model().objects.count()}")


def no_user():
    raise AssertionError("nobody new is expected")


@pytest.mark.django_db
def test_a_first_login_makes_a_person_and_a_user():
    person, created = upsert(unionid="u-alice")

    assert created
    stored = WeChatUser.objects.get()
    assert stored == person
    assert (stored.appid, stored.openid, stored.unionid) == ("wx-shop", OPENID, "u-alice")
    assert (stored.created_at, stored.last_login_at) == (NOON, NOON)
    assert stored.user == get_user_model().objects.get()


@pytest.mark.django_db
def test_a_later_login_finds_the_person_again(clock):
    person, _ = upsert()

    clock.move_to(LATER)
    again, created = upsert(make_user=no_user)

    assert (again.pk, created) == (person.pk, False)
    assert (again.created_at, again.last_login_at) == (NOON, LATER)


@pytest.mark.django_db
def test_a_returning_person_costs_two_queries(django_assert_num_queries):
    upsert()
    identity = Code2Session(openid=OPENID, session_key=Secret("made-up"))

    with django_assert_num_queries(2):
        upserted = WeChatUser.objects.upsert_identity("wx-shop", identity, find_user=no_user)
        assert upserted.wechat_user.user.is_active


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [("", "u-late", "u-late"), ("u-known", "", "u-known"), ("u-old", "u-new", "u-new"), ("", "", "")],
)
def test_a_unionid_may_come_late_and_is_never_forgotten(first, then, kept):
    upsert(unionid=first)

    person, _ = upsert(unionid=then)

    assert person.unionid == kept
    assert WeChatUser.objects.get().unionid == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("openid", "appid"),
    [(OPENID.swapcase(), "wx-shop"), (OPENID, "wx-cafe"), (OPENID, "WX-SHOP"), ("o-bob", "wx-shop")],
)
def test_another_openid_or_app_is_another_person(openid, appid):
    alice, _ = upsert()

    other, created = upsert(openid, appid=appid)

    assert created
    assert other.user != alice.user


def test_the_loser_of_two_first_logins_reads_the_winners_row_in_its_next_try(
    make_person, find_nothing_at_first, clock
):
    winner = make_person(OPENID)
    find_nothing_at_first("update", 0)

    clock.move_to(LATER)
    person, created = retry_lost_race(upsert)()

    assert (person, created) == (winner, False)
    assert WeChatUser.objects.get().last_login_at == LATER
    assert get_user_model().objects.get() == winner.user


@pytest.mark.django_db
def test_a_factory_that_fails_leaves_nothing():
    def make_user():
        get_user_model().objects.create(username="taken")
        return get_user_model().objects.create(username="taken")

    with pytest.raises(IntegrityError):
        upsert(make_user=make_user)

    assert not get_user_model().objects.exists()


def test_the_database_holds_one_row_per_identity(make_person):
    alice = make_person()

    with pytest.raises(IntegrityError), transaction.atomic():
        make_person(user=alice.user)


def test_deleting_the_user_takes_the_person_along(make_person):
    alice = make_person()

    alice.user.delete()

    assert not WeChatUser.objects.exists()


BLOCKS = [
    ("never", {}, False),
    ("without an end", {"blocked_at": NOON}, True),
    ("still on", {"blocked_at": NOON, "blocked_until": LATER + timedelta(seconds=1)}, True),
    ("over this moment", {"blocked_at": NOON, "blocked_until": LATER}, False),
    ("long over", {"blocked_at": NOON, "blocked_until": NOON}, False),
    ("an end without a beginning", {"blocked_until": LATER + timedelta(days=1)}, False),
]


@pytest.mark.parametrize(("fields", "blocked"), [row[1:] for row in BLOCKS], ids=[row[0] for row in BLOCKS])
def test_a_block_lasts_until_its_end(make_person, fields, blocked):
    person = make_person(**fields)

    assert person.is_blocked(LATER) is blocked
    assert person.may_log_in(LATER) is not blocked
    assert WeChatUser.objects.blocked(LATER).exists() is blocked


def test_a_disabled_user_may_not_log_in(make_person):
    person = make_person()
    person.user.is_active = False

    assert not person.may_log_in(NOON)


@pytest.mark.parametrize("openid", [OPENID, "o" * 64, "o-alice", "abcdefgh", "abcd", "ab", "a"])
def test_str_shows_little_of_the_openid_and_runs_no_query(make_person, django_assert_num_queries, openid):
    make_person(openid)
    person = WeChatUser.objects.get()

    with django_assert_num_queries(0):
        shown = str(person)

    assert openid not in shown
    assert len(shown) - 1 <= max(len(openid) // 2, 0)


def test_str_shows_both_ends_of_the_openid():
    assert str(WeChatUser(openid=OPENID)) == "oAli…6789"


def test_str_without_an_openid_is_short():
    assert str(WeChatUser()) == "…"


@pytest.mark.parametrize(("sealed", "held"), [(b"", False), (b"\1sealed", True)])
def test_a_person_has_a_phone_where_one_is_sealed(make_person, sealed, held):
    make_person(sealed_phone=sealed)

    assert WeChatUser.objects.get().has_phone is held


@pytest.mark.parametrize(
    ("fields", "shown"),
    [({"code": "code_invalid", "rid": "a-b-c"}, "code_invalid a-b-c"), ({"code": "x"}, "x")],
)
def test_a_failure_goes_by_its_code_and_rid(fields, shown):
    assert str(LoginFailure(**fields)) == shown
