from datetime import timedelta

import pytest

from wxlogin.models import SessionKey
from wxlogin.secret import Secret
from wxlogin.vault import CannotOpen

from .conftest import NOON

KEY, OTHER_KEY = "HyVFkGl5F5OQWJZZaNzBBg==", "tiihtNczf5v6AKRyjwEUhQ=="
SECOND = timedelta(seconds=1)


def test_a_first_key_is_kept(make_person):
    alice = make_person()

    kept = SessionKey.objects.store(alice, Secret(KEY), asked_at=NOON)

    assert kept is True
    held = SessionKey.objects.get()
    assert held.unseal().reveal() == KEY
    assert (held.wechat_user, held.obtained_at, held.checked_at) == (alice, NOON, None)
    assert held.state == SessionKey.State.UNKNOWN


@pytest.mark.parametrize(
    ("asked_at", "kept", "revealed"),
    [(NOON + SECOND, True, OTHER_KEY), (NOON, True, OTHER_KEY), (NOON - SECOND, False, KEY)],
    ids=["newer", "same time", "older"],
)
def test_the_answer_to_the_latest_question_counts(make_person, asked_at, kept, revealed):
    alice = make_person()
    SessionKey.objects.store(alice, Secret(KEY), asked_at=NOON)

    assert SessionKey.objects.store(alice, Secret(OTHER_KEY), asked_at=asked_at) is kept

    assert SessionKey.objects.get().unseal().reveal() == revealed


def test_a_new_key_is_unchecked(make_person):
    alice = make_person()
    SessionKey.objects.store(alice, Secret(KEY), asked_at=NOON)
    SessionKey.objects.update(state=SessionKey.State.STALE, checked_at=NOON)

    SessionKey.objects.store(alice, Secret(OTHER_KEY), asked_at=NOON + SECOND)

    held = SessionKey.objects.get()
    assert (held.state, held.checked_at) == (SessionKey.State.UNKNOWN, None)


def test_an_older_answer_changes_nothing(make_person):
    alice = make_person()
    SessionKey.objects.store(alice, Secret(KEY), asked_at=NOON)
    SessionKey.objects.update(state=SessionKey.State.VALID, checked_at=NOON)

    SessionKey.objects.store(alice, Secret(OTHER_KEY), asked_at=NOON - SECOND)

    held = SessionKey.objects.get()
    assert (held.state, held.checked_at, held.obtained_at) == (SessionKey.State.VALID, NOON, NOON)


def test_a_key_is_kept_in_one_query_where_there_was_one(make_person, django_assert_num_queries):
    alice = make_person()
    SessionKey.objects.store(alice, Secret(KEY), asked_at=NOON)

    with django_assert_num_queries(1):
        SessionKey.objects.store(alice, Secret(OTHER_KEY), asked_at=NOON + SECOND)


def test_people_do_not_touch_each_others_key(make_person):
    alice, bob = make_person(), make_person("o-bob")
    SessionKey.objects.store(alice, Secret(KEY), asked_at=NOON)
    SessionKey.objects.store(bob, Secret(OTHER_KEY), asked_at=NOON + SECOND)

    assert SessionKey.objects.get(wechat_user=alice).unseal().reveal() == KEY
    assert SessionKey.objects.get(wechat_user=bob).unseal().reveal() == OTHER_KEY


def test_the_column_does_not_show_the_key(make_person):
    SessionKey.objects.store(make_person(), Secret(KEY), asked_at=NOON)

    assert KEY.encode() not in bytes(SessionKey.objects.get().sealed)


def test_a_ciphertext_does_not_open_in_another_row(make_person):
    alice, bob = make_person(), make_person("o-bob")
    SessionKey.objects.store(alice, Secret(KEY), asked_at=NOON)
    SessionKey.objects.store(bob, Secret(OTHER_KEY), asked_at=NOON)
    SessionKey.objects.filter(wechat_user=bob).update(sealed=SessionKey.objects.get(wechat_user=alice).sealed)

    with pytest.raises(CannotOpen):
        SessionKey.objects.get(wechat_user=bob).unseal().reveal()


def test_a_ciphertext_does_not_open_for_the_same_openid_in_another_app(make_person):
    alice, namesake = make_person("o-alice", appid="wx-shop"), make_person("o-Alice", appid="wx-cafe")
    SessionKey.objects.store(alice, Secret(KEY), asked_at=NOON)
    held = SessionKey.objects.get()

    held.wechat_user = namesake

    with pytest.raises(CannotOpen):
        held.unseal().reveal()


def test_str_and_repr_show_no_key_and_run_no_query(make_person, django_assert_num_queries):
    SessionKey.objects.store(make_person(), Secret(KEY), asked_at=NOON)
    held = SessionKey.objects.get()

    with django_assert_num_queries(0):
        shown = f"{held} {held!r}"

    assert KEY not in shown
    assert str(held.pk) in shown
