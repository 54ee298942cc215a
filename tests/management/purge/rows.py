"""Rows to purge, and ages on both sides of RETENTION."""

from datetime import timedelta

from django.utils import timezone

from tests.settings import APPID
from wxlogin.models import CarriedBlock, LoginFailure, ReceivedPush

DAY = timedelta(days=1)
LONG_AGO, LATELY = 181 * DAY, 179 * DAY


def make_failure(age):
    return LoginFailure.objects.create(created_at=timezone.now() - age, appid=APPID, code="code_invalid")


def make_push(age, digest="d"):
    return ReceivedPush.objects.create(digest=digest, received_at=timezone.now() - age)


def make_carried_block(forgotten, fingerprint="f"):
    now = timezone.now()
    return CarriedBlock.objects.create(
        fingerprint=fingerprint, blocked_at=now - LONG_AGO, sealed_reason=b"", forgotten_at=now - forgotten
    )
