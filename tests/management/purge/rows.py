"""Rows to purge, and ages on both sides of RETENTION."""

from datetime import timedelta

from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.models import CarriedBlock, LoginFailure, ReceivedPush

DAY = timedelta(days=1)
LONG_AGO, LATELY = 181 * DAY, 179 * DAY


def make_failure(age):
    return LoginFailure.objects.create(created_at=utc_now() - age, appid=APPID, code="code_invalid")


def make_push(age, digest="d"):
    return ReceivedPush.objects.create(digest=digest, received_at=utc_now() - age)


def make_carried_block(forgotten, fingerprint="f"):
    now = utc_now()
    return CarriedBlock.objects.create(
        fingerprint=fingerprint, blocked_at=now - LONG_AGO, sealed_reason=b"", forgotten_at=now - forgotten
    )
