"""Blocks and disabled accounts, which outlive the erasure of a person."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests.api.people import person
from tests.api.pushes import PUSH_AES_KEY, message, post, query
from tests.conftest import Api
from tests.helpers import dumps
from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.models import CarriedBlock
from wxlogin.services import blocking, erasure
from wxlogin.wechat.crypto import encrypt_push


def block(**how: Any) -> None:
    blocking.block(person(), reason="spam of 阿丽", **how)


def test_a_block_survives_and_staff_can_lift_it(alice: Api) -> None:
    block(public=True)
    erasure.erase(person().user)
    assert "阿丽" not in dumps.database().decode(errors="replace")
    assert b"o-alice" not in dumps.database()

    refused = alice.send_code()
    again = alice.send_code()
    back = person()
    reason = (back.block_reason, back.block_reason_public)
    blocking.unblock(back, reason="appeal")
    allowed = alice.send_code()

    for answer in (refused, again):
        assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")
        assert answer.json()["reason"] == "spam of 阿丽"
    assert reason == ("spam of 阿丽", True)
    assert not CarriedBlock.objects.exists()
    assert allowed.status_code == 200


def test_a_private_reason_stays_private(alice: Api) -> None:
    block()
    erasure.erase(person().user)

    assert "reason" not in alice.send_code().json()


def test_a_block_ends_when_it_was_to_end(alice: Api) -> None:
    block(until=utc_now() + timedelta(hours=1))
    erasure.erase(person().user)
    carried = CarriedBlock.objects.get()
    assert carried.forgotten_at == carried.blocked_until

    CarriedBlock.objects.update(blocked_until=utc_now(), forgotten_at=utc_now())

    assert alice.send_code().status_code == 200


def test_a_block_whose_retention_is_over_is_not_applied_even_before_a_purge(
    alice: Api, configure: Any
) -> None:
    configure(RETENTION=timedelta(days=3))
    block()
    erasure.erase(person().user)

    with time_machine.travel(utc_now() + timedelta(days=3, seconds=1)):
        assert CarriedBlock.objects.get().blocked_until is None, "nothing has purged it, and it has no end"
        answer = alice.send_code()

    assert answer.status_code == 200
    assert person().blocked_at is None
    assert not CarriedBlock.objects.exists()


def test_the_trace_of_a_block_without_an_end_is_bounded(alice: Api, configure: Any) -> None:
    configure(RETENTION=timedelta(days=3))
    block()
    erasure.erase(person().user)

    carried = CarriedBlock.objects.get()

    assert timedelta(days=2.9) < carried.forgotten_at - utc_now() <= timedelta(days=3)


def test_a_block_is_recognised_after_the_keys_rotated(alice: Api, configure: Any, settings: Any) -> None:
    old, new = "b2xkLWtleS1vZi0zMi1ieXRlcy1tYWRlLXVwLSEhISE=", "bmV3LWtleS1vZi0zMi1ieXRlcy1tYWRlLXVwLSEhISE="
    configure(ENCRYPTION_KEYS=[old])
    alice.log_in()
    block(public=True)
    erasure.erase(person().user)

    configure(ENCRYPTION_KEYS=[new, old])

    assert alice.send_code().json()["reason"] == "spam of 阿丽"


def test_a_block_that_is_over_is_not_carried(alice: Api) -> None:
    block(until=utc_now() - timedelta(seconds=1))

    erasure.erase(person().user)

    assert not CarriedBlock.objects.exists()


def test_a_carried_block_does_not_reach_another_app_or_person(alice: Api, bob: Api) -> None:
    block()
    erasure.erase(person().user)

    assert bob.log_in("o-bob")
    assert alice.log_in("o-Alice")


def disable(user: Any) -> None:
    if hasattr(user, "closed_at"):  # tests/projects/custom_user
        user.closed_at = utc_now()
    else:
        user.is_active = False
    user.save()


def test_a_disabled_account_is_not_revived(alice: Api) -> None:
    user = person().user
    disable(user)

    erasure.erase(user)
    answer = alice.send_code()

    assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")
    assert "reason" not in answer.json()
    assert person().block_reason == "The account was disabled when the person was erased."


def test_a_disabled_account_is_not_revived_when_a_block_of_its_person_ends(alice: Api) -> None:
    block(until=utc_now() + timedelta(days=1))
    disable(person().user)

    erasure.erase(person().user)
    timed = CarriedBlock.objects.filter(blocked_until__isnull=False)
    timed.update(blocked_until=utc_now(), forgotten_at=utc_now())
    answer = alice.send_code()

    assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")


@pytest.mark.parametrize(
    ("project", "caller", "stored"),
    [
        ("en", "zh-hans", "The account was disabled when the person was erased."),
        ("zh-hans", "en", "注销时账号已被停用。"),
    ],
)
def test_the_reason_is_stored_in_the_projects_language_whoever_asks_for_the_erasure(
    alice: Api, settings: Any, project: str, caller: str, stored: str
) -> None:
    settings.LANGUAGE_CODE = project
    disable(person().user)
    encrypt = encrypt_push(PUSH_AES_KEY, json.dumps(message("user_authorization_cancellation")), APPID)

    answer = post(
        alice,
        query(encrypt=encrypt),
        json.dumps({"Encrypt": encrypt}),
        headers={"Accept-Language": caller},
    )

    assert answer.content == b"success"
    assert CarriedBlock.objects.get().reveal_reason() == stored
