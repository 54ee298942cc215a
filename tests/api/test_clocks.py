"""Several hosts whose clocks differ, and one database whose clock decides."""

import math
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from rest_framework.test import APIRequestFactory
from rest_framework_simplejwt.authentication import JWTAuthentication

from tests.conftest import Api
from tests.helpers.clocks import TwoClocks, reopen_connection
from tests.settings import APPID
from wxlogin.api import throttling
from wxlogin.clock import database_clock, utc_now
from wxlogin.conf import Rate
from wxlogin.fakewechat import FakeWeChat
from wxlogin.models import LoginFailure, LoginSession, SessionKey, WeChatUser

HOUR, DAY = 3600, 86400


@pytest.fixture(autouse=True)
def _a_host_that_has_just_started() -> Iterator[None]:
    database_clock._ahead = None
    yield
    database_clock._ahead = None


def is_accepted_by_simple_jwt(access: str) -> bool:
    request = APIRequestFactory().get("/", headers={"Authorization": f"Bearer {access}"})
    return JWTAuthentication().authenticate(request) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("ahead", [5, DAY])
def test_a_host_that_is_ahead_stores_a_session_key_that_the_next_login_replaces(
    api: Api, clocks: TwoClocks, ahead: float
) -> None:
    with clocks.host(ahead=ahead):
        api.log_in()
    assert SessionKey.objects.get().obtained_at <= utc_now()

    api.log_in()

    assert SessionKey.objects.get().unseal().reveal() == api.wechat.session_key_of("o-alice", APPID)


def test_a_session_key_from_the_future_is_replaced(alice: Api) -> None:
    SessionKey.objects.update(obtained_at=utc_now() + timedelta(days=1))

    alice.log_in()

    held = SessionKey.objects.get()
    assert held.unseal().reveal() == alice.wechat.session_key_of("o-alice", APPID)
    assert held.obtained_at <= utc_now()


def test_a_reset_session_key_is_stored_by_a_host_that_is_behind(alice: Api, clocks: TwoClocks) -> None:
    with clocks.host(ahead=-HOUR):
        answer = alice.post("session-key/reset/")

    assert answer.status_code == 200
    assert SessionKey.objects.get().unseal().reveal() == alice.wechat.session_key_of("o-alice", APPID)


def test_the_login_just_made_never_makes_way(api: Api, clocks: TwoClocks, configure: Any) -> None:
    configure(MAX_SESSIONS=2)
    with clocks.host(ahead=HOUR):
        older = [api.log_in() for _ in range(2)]
    LoginSession.objects.update(created_at=utc_now() + timedelta(hours=1))

    newest = api.log_in()

    assert [device.get("me/").status_code for device in (*older, newest)] == [401, 200, 200]
    assert older[0].get("me/").json()["reason"] == "replaced"


@pytest.mark.parametrize("ahead", [40, -40])
def test_a_refresh_is_retried_at_a_host_whose_clock_differs(
    alice: Api, clocks: TwoClocks, ahead: float
) -> None:
    first = alice.refresh()

    with clocks.host(ahead=ahead):
        again = alice.refresh()

    assert (first.status_code, again.status_code) == (200, 200)
    assert LoginSession.objects.get().generation == 1


def test_a_fresh_token_is_accepted_by_a_host_that_is_a_second_behind(alice: Api, clocks: TwoClocks) -> None:
    for _ in range(20):
        with clocks.host(ahead=1):
            device = alice.log_in()

        assert device.get("me/").status_code == 200
        assert is_accepted_by_simple_jwt(device.tokens["access"])


def test_an_hours_step_back_logs_nobody_out(alice: Api, clocks: TwoClocks) -> None:
    with clocks.host(ahead=-HOUR):
        answers = [alice.get("me/"), alice.refresh(), alice.refresh()]

        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert is_accepted_by_simple_jwt(alice.tokens["access"])


def test_a_step_back_of_the_only_clock_logs_nobody_out(alice: Api) -> None:
    with time_machine.travel(utc_now() - timedelta(hours=1)):
        answers = [alice.get("me/"), alice.refresh(), alice.refresh()]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_a_host_eight_days_ahead_ends_nothing(alice: Api, clocks: TwoClocks) -> None:
    other = alice.log_in()

    with clocks.host(ahead=8 * DAY):
        shown = alice.get("sessions/")
        answers = [alice.get("me/"), alice.refresh()]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(shown.json()) == 2
    assert not LoginSession.objects.exclude(ended_at=None).exists()
    assert other.get("me/").status_code == 200


@pytest.mark.parametrize(("over", "status"), [(29, 200), (31, 401)])
def test_an_access_token_has_thirty_seconds_of_leeway(alice: Api, over: int, status: int) -> None:
    lifetime = alice.tokens["expires_in"]

    with time_machine.travel(utc_now() + timedelta(seconds=lifetime + over), tick=False):
        answer = alice.get("me/")

    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "token_invalid"


def test_an_access_token_past_its_time_is_invalid_whatever_the_hosts_clock_says(
    alice: Api, clocks: TwoClocks, configure: Any
) -> None:
    configure(ACCESS_LIFETIME=60)
    device = alice.log_in()
    session = LoginSession.objects.find(LoginSession.objects.latest("pk").public_id)
    assert session is not None

    with time_machine.travel(session.read_at + timedelta(seconds=95), tick=False):
        assert device.get("me/").json()["code"] == "token_invalid"
    with clocks.host(ahead=95):
        assert device.get("me/").status_code == 200


class SlowLookUp:
    """Lets each look-up of a session take long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and "wxlogin_loginsession" in sql:
            time.sleep(self.seconds)
        return execute(sql, params, many, context)


def test_the_grace_begins_when_the_refresh_is_spent_however_slow_the_look_up(
    alice: Api, configure: Any
) -> None:
    configure(REFRESH_GRACE=0.3)

    with connection.execute_wrapper(SlowLookUp(0.4)):
        first, again = alice.refresh(), alice.refresh()
    time.sleep(0.4)
    late = alice.refresh()

    assert (first.status_code, again.status_code) == (200, 200)
    assert LoginSession.objects.get().generation == 1
    assert (late.status_code, late.json()["reason"]) == (401, "reused_refresh")


@pytest.mark.parametrize("ahead", [40, -40, DAY])
def test_retry_after_is_right_at_another_host(
    api: Api, clocks: TwoClocks, configure: Any, address: str, ahead: float
) -> None:
    configure(LOGIN_RATE="1/min")
    with clocks.host(ahead=ahead):
        api.post("login/", {"code": "c"}, REMOTE_ADDR=address)

    answer = api.post("login/", {"code": "c"}, REMOTE_ADDR=address)

    assert answer.status_code == 429
    assert 50 <= int(answer["Retry-After"]) <= 60


def test_retry_after_stays_within_the_window(address: str) -> None:
    rate, key = Rate(1, 60), f"window:{address}"
    throttling.seconds_to_wait(key, rate)
    cache.set(f"{key}:end", round((time.time() + DAY) * 1000), 60)

    assert throttling.seconds_to_wait(key, rate) == 60


def test_a_limit_stays_while_its_end_can_not_be_read(address: str) -> None:
    """Some caches read from a replica, which may be cut off: no end, or the end of an earlier window, lifts no limit."""
    rate, key = Rate(1, 60), f"unread:{address}"
    throttling.seconds_to_wait(key, rate)

    cache.delete(f"{key}:end")
    assert throttling.seconds_to_wait(key, rate) == 60
    cache.set(f"{key}:end", round((time.time() - DAY) * 1000), 60)
    assert throttling.seconds_to_wait(key, rate) == 1


def test_a_count_without_an_end_does_not_stay(address: str) -> None:
    rate, key = Rate(1, 1), f"endless:{address}"
    cache.set(key, 7, None)

    assert throttling.seconds_to_wait(key, rate) == 1
    time.sleep(1.1)
    assert throttling.seconds_to_wait(key, rate) is None


def test_a_call_within_the_window_only_increments(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rate, key = Rate(5, 60), f"cheap:{address}"
    throttling.seconds_to_wait(key, rate)
    for name in ("add", "get", "set", "touch"):
        monkeypatch.setattr(cache, name, None)

    assert throttling.seconds_to_wait(key, rate) is None


def test_a_database_that_fails_leaves_retry_after_to_this_hosts_clock(
    db: None, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise ConnectionError

    rate, key = Rate(1, 60), f"alone:{address}"
    with connection.execute_wrapper(fail):
        throttling.seconds_to_wait(key, rate)
        waits = throttling.seconds_to_wait(key, rate)

    assert waits == 60
    assert math.isclose(database_clock.now(), time.time(), abs_tol=5)


@pytest.mark.parametrize("ahead", [2 * HOUR, -2 * HOUR])
def test_a_block_ends_by_the_databases_clock(alice: Api, clocks: TwoClocks, ahead: float) -> None:
    now, hour = utc_now(), timedelta(hours=1)

    with clocks.host(ahead=ahead):
        WeChatUser.objects.update(blocked_at=now, blocked_until=now + hour)
        during = alice.send_code()
        WeChatUser.objects.update(blocked_at=now - 2 * hour, blocked_until=now - hour)
        after = alice.send_code()

    assert (during.status_code, after.status_code) == (403, 200)


def test_open_data_is_fresh_although_this_host_is_ahead(alice: Api, clocks: TwoClocks) -> None:
    data = alice.wechat.open_data("o-alice", {"openId": "o-alice"}, APPID)
    body = {"encryptedData": data["encryptedData"], "iv": data["iv"]}

    with clocks.host(ahead=HOUR):
        answer = alice.post("open-data/", body)

    assert answer.status_code == 200


def test_what_is_stored_about_a_refusal_has_the_databases_time(api: Api, clocks: TwoClocks) -> None:
    with clocks.host(ahead=DAY):
        api.send_code("made-up")

    assert LoginFailure.objects.get().created_at <= utc_now()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_a_project_without_time_zones_logs_people_in(
    transactional_db: None, wechat: FakeWeChat, client: Client, settings: Any, zone: str
) -> None:
    settings.USE_TZ, settings.TIME_ZONE = False, zone
    reopen_connection()

    alice = Api(wechat, {}, client).log_in()
    answers = [alice.get("me/"), alice.get("sessions/"), alice.refresh(), alice.refresh()]

    assert alice.tokens["expires_in"] == 300
    assert [answer.status_code for answer in answers] == [200] * 4
    reopen_connection()
