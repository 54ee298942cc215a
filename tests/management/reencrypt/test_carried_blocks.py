from datetime import timedelta

import pytest
from django.core.management import CommandError

from tests.management.commands import lines_of
from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.models import CarriedBlock

from .keys import LOST, NEW, OLD

SECOND = timedelta(seconds=1)


def keep_block(make_person, openid, forgotten_in=timedelta(days=9)):
    now = utc_now()
    person = make_person(openid, blocked_at=now, blocked_until=now + forgotten_in)
    CarriedBlock.objects.keep(
        appid=person.appid,
        openid=person.openid,
        blocked_at=person.blocked_at,
        blocked_until=person.blocked_until,
        reason=person.block_reason,
        reason_public=person.block_reason_public,
        at=now,
    )
    return now + forgotten_in


def test_the_older_key_of_a_carried_block_is_asked_for_until_the_last_is_forgotten(make_person, list_keys):
    list_keys(OLD)
    keep_block(make_person, "o-1", timedelta(days=3))
    last = keep_block(make_person, "o-2", timedelta(days=9))
    keep_block(make_person, "o-3", timedelta(days=5))
    list_keys(NEW, OLD)
    keep_block(make_person, "o-4", timedelta(days=99))

    lines = lines_of("wxlogin_reencrypt")

    assert lines[2] == (
        "blocks of erased people: 3 need an older key and can't be moved; "
        f"keep it (or the SECRET_KEY it came from) listed until {last:%Y-%m-%d %H:%M} UTC, 0 don't open"
    )
    assert CarriedBlock.objects.take(APPID, "o-2", utc_now())


def test_a_forgotten_block_needs_no_key(make_person, list_keys):
    list_keys(OLD)
    keep_block(make_person, "o-1", -SECOND)
    list_keys(NEW)

    assert lines_of("wxlogin_reencrypt")[2] == "blocks of erased people: 0 need an older key, 0 don't open"


def test_a_carried_block_under_a_removed_key_is_reported(make_person, list_keys):
    list_keys(LOST)
    keep_block(make_person, "o-1")
    list_keys(NEW)

    with pytest.raises(CommandError, match=r"^1 values"):
        lines_of("wxlogin_reencrypt")
