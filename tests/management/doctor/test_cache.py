import pytest
from django.core.cache.backends.locmem import LocMemCache

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


def test_a_cache_that_keeps_nothing_is_noted(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    printed, is_well = run()

    assert is_well
    assert "note" in line_with("Cache: The default cache keeps nothing", printed)


class Forgetful(LocMemCache):
    def get(self, key, default=None, version=None):
        return default


@pytest.mark.parametrize(
    ("declared", "told", "remedy"),
    [
        ({"BACKEND": f"{__name__}.Forgetful"}, "Cache: It forgets", "Use Redis or Memcached"),
        (
            {"BACKEND": "not_installed.Cache"},
            "Cache: Its class can't be imported: not_installed.Cache.",
            "Install",
        ),
        (
            {
                "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
                "LOCATION": "127.0.0.1:1",
                "KEY_PREFIX": "tea house",
            },
            "Cache: Memcached refuses the keys",
            "Choose a KEY_PREFIX without spaces",
        ),
    ],
)
def test_a_cache_that_can_not_work_is_reported_once(settings, declared, told, remedy):
    if "memcached" in declared["BACKEND"]:
        pytest.importorskip("pymemcache")
    settings.CACHES = {"default": declared}

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Cache:", printed)
    assert told in line_with("Cache:", printed)
    assert remedy in printed


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
    assert printed.count("\nok") == 14
