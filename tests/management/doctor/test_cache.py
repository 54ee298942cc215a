import pytest

from wxlogin.services.host import cache

from .command import line_with, run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("is_shared", "text"), [(True, "all processes share it"), (False, "Each process has one")]
)
def test_whether_processes_share_the_cache_is_reported(monkeypatch, is_shared, text):
    monkeypatch.setattr(cache, "is_shared", lambda: is_shared)

    printed, is_well = run()

    assert is_well
    assert text in line_with("Cache:", printed)


def test_a_cache_that_keeps_nothing_is_reported(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Cache: It forgets", printed)


def test_a_dead_cache_is_reported_without_its_password_and_stops_nothing_else(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://:planted-password@127.0.0.1:1/0",
        }
    }

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Cache: Doesn't work: ConnectionError.", printed)
    assert "Check CACHES" in printed
    assert "planted-password" not in printed
    assert printed.count("\nok") == 11
