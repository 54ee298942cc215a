from typing import Any

import pytest
from django.conf import settings as project
from django.core.cache import cache
from redis import Redis

from tests.conftest import Api
from tests.helpers.cached import assert_everything_works, count_logins
from tests.helpers.servers import wait_for
from tests.management.doctor.command import line_with, run
from wxlogin import checks
from wxlogin.shared_cache import shared_cache


def test_the_cache_takes_everything(api: Api, configure: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert_everything_works(api, configure, caplog)

    printed, _ = run()
    assert line_with("Cache:", printed).endswith("all processes share it.")


def test_a_new_master_is_found(
    api: Api, configure: Any, sentinel: "Redis[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(LOGIN_RATE="2/min")
    assert count_logins(api, 3) == [200, 200, 429]

    sentinel.execute_command("SENTINEL", "FAILOVER", "tea")
    wait_for(lambda: sentinel.sentinel_get_master_addr_by_name("tea")[1] != project.MASTER_PORT, 20)

    def is_back() -> bool:
        monkeypatch.setattr(shared_cache, "_paused_until", 0.0)
        return count_logins(api, 3) == [200, 200, 429] and shared_cache._paused_until == 0.0

    wait_for(is_back, 20)
    assert cache.client.get_client(write=True).keys("*wxlogin:login:*")


@pytest.mark.parametrize("forgotten", ["SENTINEL_KWARGS", "SOCKET_TIMEOUT"])
def test_a_missing_time_limit_is_named(settings: Any, forgotten: str) -> None:
    declared = settings.CACHES["default"]
    empty = {} if forgotten == "SENTINEL_KWARGS" else None
    settings.CACHES = {"default": {**declared, "OPTIONS": {**declared["OPTIONS"], forgotten: empty}}}

    assert "wxlogin.W010" in [problem.id for problem in checks.check_deployment()]
