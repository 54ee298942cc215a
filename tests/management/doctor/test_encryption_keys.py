import base64

import pytest

from wxlogin.clock import utc_now
from wxlogin.models import SessionKey, WeChatUser
from wxlogin.secret import Secret
from wxlogin.services import blocking, erasure
from wxlogin.services.upkeep import doctor

from .command import KEYS, line_with, run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", range(5))
def test_a_session_key_that_does_not_open_is_reported(make_person, configure, number, monkeypatch):
    """The two oldest and the two newest keys are looked at, and the key between them isn't."""
    monkeypatch.setattr(doctor, "SAMPLE", 2)
    for each in range(5):
        configure(ENCRYPTION_KEYS=[KEYS[each == number]])
        SessionKey.objects.store(make_person(f"o-{each}"), Secret("made-up"), asked_at=utc_now())
    configure(ENCRYPTION_KEYS=[KEYS[0]])

    printed, is_well = run()

    assert is_well is (number == 2)
    if not is_well:
        assert "PROBLEM" in line_with("Of 4 session keys looked at, 1 don't open.", printed)
        assert "SECRET_KEY_FALLBACKS" in printed


def test_keys_open_with_any_listed_key_and_dropped_ones_need_none(make_person, configure):
    for number, listed in enumerate([KEYS[0], KEYS[1], base64.b64encode(b"c" * 32).decode()]):
        configure(ENCRYPTION_KEYS=[listed])
        SessionKey.objects.store(make_person(f"o-{number}"), Secret("made-up"), asked_at=utc_now())
    SessionKey.objects.store_check(SessionKey.objects.last(), is_live=False)
    configure(ENCRYPTION_KEYS=KEYS)

    printed, is_well = run()

    assert is_well
    assert "Session keys looked at: 2. All open." in printed


def test_a_derived_key_is_reported(configure):
    configure(ENCRYPTION_KEYS=[])

    printed, is_well = run()

    assert is_well
    assert line_with("derived from SECRET_KEY and", printed).startswith("ok")
    assert line_with("wxlogin.W004", printed).startswith("note")


def test_a_carried_block_whose_key_is_lost_is_reported(alice, configure):
    """Such a block no longer finds its person, who can log in again."""
    configure(ENCRYPTION_KEYS=[KEYS[0]])
    blocking.block(WeChatUser.objects.get(), reason="spam")
    erasure.erase(WeChatUser.objects.get().user)
    configure(ENCRYPTION_KEYS=KEYS[::-1])
    assert run()[1]
    configure(ENCRYPTION_KEYS=[KEYS[1]])

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Blocks of erased people whose encryption key is missing: 1.", printed)
    assert alice.send_code().status_code == 200
