import pytest
from django.core.management import CommandError

from tests.management.commands import lines_of
from wxlogin.conf import conf
from wxlogin.models import SessionKey, WeChatUser
from wxlogin.services.upkeep import reencryption
from wxlogin.vault import Vault

from .keys import LOST, NEW, OLD, PHONE


def is_current(sealed):
    return Vault(conf.ENCRYPTION_KEYS).is_current(sealed)


def test_session_keys_move_to_the_first_key(make_key, list_keys):
    list_keys(OLD)
    key = make_key()
    list_keys(NEW, OLD)

    lines = lines_of("wxlogin_reencrypt")

    assert lines == [
        "session keys: 1 moved, 0 current, 0 don't open",
        "phone numbers: 0 moved, 0 current, 0 don't open",
        "blocks of erased people: 0 need an older key, 0 don't open",
    ]
    list_keys(NEW)
    moved = SessionKey.objects.get()
    assert moved.unseal().reveal() == "key of o-alice"
    assert (moved.obtained_at, moved.checked_at, moved.state) == (key.obtained_at, None, "unknown")


def test_a_moved_phone_opens_and_is_found_with_the_first_key_alone(make_person, list_keys):
    list_keys(OLD)
    make_person().store_phone(PHONE)
    list_keys(NEW, OLD)

    lines = lines_of("wxlogin_reencrypt")

    assert lines[1] == "phone numbers: 1 moved, 0 current, 0 don't open"
    list_keys(NEW)
    (found,) = WeChatUser.objects.with_phone("+86 138 0013 8000")
    assert found.phone == PHONE


def test_current_values_stay_as_they_are(make_key, list_keys):
    list_keys(NEW, OLD)
    key = make_key()
    key.wechat_user.store_phone(PHONE)
    before = SessionKey.objects.values_list("sealed", "wechat_user__sealed_phone").get()

    lines = lines_of("wxlogin_reencrypt")

    assert lines[0] == "session keys: 0 moved, 1 current, 0 don't open"
    assert lines[1] == "phone numbers: 0 moved, 1 current, 0 don't open"
    assert SessionKey.objects.values_list("sealed", "wechat_user__sealed_phone").get() == before


def test_a_dropped_key_and_a_missing_phone_are_nothing_to_move(make_key, list_keys):
    list_keys(OLD)
    key = make_key()
    SessionKey.objects.store_check(key, is_live=False)
    list_keys(NEW)

    lines = lines_of("wxlogin_reencrypt")

    assert lines[0] == "session keys: 0 moved, 0 current, 0 don't open"
    assert SessionKey.objects.get().state == SessionKey.State.STALE


def test_a_second_run_finds_all_current(make_key, list_keys):
    list_keys(OLD)
    make_key()
    list_keys(NEW, OLD)
    lines_of("wxlogin_reencrypt")

    assert lines_of("wxlogin_reencrypt")[0] == "session keys: 0 moved, 1 current, 0 don't open"


def test_a_derived_key_moves_as_well(make_key, settings):
    make_key()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-made-up-key-that-is-long-enough"

    lines_of("wxlogin_reencrypt")

    settings.SECRET_KEY_FALLBACKS = []
    assert SessionKey.objects.get().unseal().reveal() == "key of o-alice"


def test_many_move_in_many_batches(make_key, list_keys, monkeypatch):
    list_keys(OLD)
    for number in range(7):
        make_key(f"o-{number}").wechat_user.store_phone(PHONE)
    list_keys(NEW, OLD)
    monkeypatch.setattr(reencryption, "BATCH", 3)

    lines = lines_of("wxlogin_reencrypt")

    assert lines[0] == "session keys: 7 moved, 0 current, 0 don't open"
    assert lines[1] == "phone numbers: 7 moved, 0 current, 0 don't open"
    assert all(is_current(sealed) for sealed in SessionKey.objects.values_list("sealed", flat=True))


def test_values_that_no_key_opens_are_left_and_reported(make_key, list_keys, capsys):
    list_keys(LOST)
    make_key("o-lost").wechat_user.store_phone(PHONE)
    list_keys(OLD)
    make_key("o-found")
    list_keys(NEW, OLD)
    before = bytes(SessionKey.objects.get(wechat_user__openid="o-lost").sealed)

    with pytest.raises(CommandError, match=r"^2 values open with none.*ENCRYPTION_KEYS.*log in again"):
        lines_of("wxlogin_reencrypt")

    assert bytes(SessionKey.objects.get(wechat_user__openid="o-lost").sealed) == before
    list_keys(NEW, LOST)
    assert SessionKey.objects.get(wechat_user__openid="o-found").unseal().reveal() == "key of o-found"
    assert lines_of("wxlogin_reencrypt")[:2] == [
        "session keys: 1 moved, 1 current, 0 don't open",
        "phone numbers: 1 moved, 0 current, 0 don't open",
    ]


def test_a_value_of_another_row_does_not_open(make_key, list_keys):
    list_keys(OLD)
    make_key("o-alice")
    bobs = make_key("o-bob")
    SessionKey.objects.filter(wechat_user__openid="o-alice").update(sealed=bytes(bobs.sealed))
    list_keys(NEW, OLD)

    with pytest.raises(CommandError, match=r"^1 values"):
        lines_of("wxlogin_reencrypt")


def test_nothing_printed_holds_a_key(make_key, list_keys, monkeypatch):
    list_keys(LOST)
    make_key("o-lost", "planted-session-key")
    list_keys(NEW, OLD)

    with pytest.raises(CommandError) as problem:
        lines_of("wxlogin_reencrypt")

    assert not [secret for secret in (OLD, NEW, LOST, "planted") if secret in str(problem.value)]
