import logging

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.core.checks import Tags, run_checks

from wxlogin import checks

from .examples import AES_KEY, GOOD_APPS, GOOD_KEY, SECRET, ids

FILES = "django.core.files.storage.FileSystemStorage"
REDIS = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "OPTIONS": {"socket_connect_timeout": 0.4, "socket_timeout": 0.4},
}
DJANGO_REDIS = "django_redis.cache.RedisCache"
PYMEMCACHE = "django.core.cache.backends.memcached.PyMemcacheCache"
PYLIBMC = "django.core.cache.backends.memcached.PyLibMCCache"
MEMORY = "django.core.files.storage.InMemoryStorage"


@pytest.fixture
def good_deployment(settings):
    settings.WXLOGIN = {"APPS": GOOD_APPS, "ENCRYPTION_KEYS": [GOOD_KEY]}
    settings.CACHES = {"default": REDIS}


def test_a_good_deployment_gives_nothing(good_deployment):
    assert checks.check_deployment() == []


@pytest.mark.parametrize(
    "unreadable", [None, [], "x", {"APPS": None}, {"APPS": ["wx-shop"]}, {"APPS": {"wx-shop": None}}]
)
def test_settings_that_another_check_names_are_not_read(settings, unreadable):
    settings.WXLOGIN = unreadable

    assert checks.check_settings()
    assert checks.check_deployment() == []


def test_a_derived_encryption_key_is_named(settings):
    settings.WXLOGIN = {"APPS": GOOD_APPS}
    settings.CACHES = {"default": REDIS}

    problems = checks.check_deployment()

    assert ids(problems) == ["wxlogin.W004"]
    assert problems[0].hint


class OwnMemory(LocMemCache):
    """A project's own kind of a cache of one process."""


class OwnRedis(RedisCache):
    """A project's own kind of a shared cache."""


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        ("django.core.cache.backends.locmem.LocMemCache", "not shared"),
        (f"{__name__}.OwnMemory", "not shared"),
        ("django.core.cache.backends.dummy.DummyCache", "keeps nothing"),
        ("django.core.cache.backends.db.DatabaseCache", "in two steps"),
        ("django.core.cache.backends.filebased.FileBasedCache", "in two steps"),
    ],
)
def test_a_cache_that_counts_inexactly_is_named(settings, tmp_path, backend, text):
    settings.WXLOGIN = {"APPS": GOOD_APPS, "ENCRYPTION_KEYS": [GOOD_KEY]}
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}}

    problems = checks.check_deployment()

    assert ids(problems) == ["wxlogin.W005"]
    assert text in problems[0].msg
    assert problems[0].hint


@pytest.mark.parametrize(
    ("cache", "found"),
    [
        ({"BACKEND": REDIS["BACKEND"]}, ["wxlogin.W010"]),
        ({"BACKEND": REDIS["BACKEND"], "OPTIONS": {"db": 1}}, ["wxlogin.W010"]),
        ({"BACKEND": "django_redis.cache.RedisCache"}, ["wxlogin.W010"]),
        ({"BACKEND": "django_redis.cache.RedisCache", "OPTIONS": {"SOCKET_TIMEOUT": 1}}, []),
        ({"BACKEND": REDIS["BACKEND"], "OPTIONS": {"socket_timeout": 60}}, ["wxlogin.W010"]),
        ({"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache"}, ["wxlogin.W010"]),
        (
            {"BACKEND": PYMEMCACHE, "OPTIONS": {"timeout": 1}},
            ["wxlogin.W010"],
        ),
        ({"BACKEND": PYMEMCACHE, "OPTIONS": {"timeout": 1, "connect_timeout": 1}}, []),
        ({"BACKEND": REDIS["BACKEND"], "LOCATION": "redis://[::1", "OPTIONS": {"socket_timeout": 1}}, []),
        ({"BACKEND": f"{__name__}.OwnRedis"}, ["wxlogin.W010"]),
        ({"BACKEND": f"{__name__}.OwnRedis", "OPTIONS": {"socket_timeout": 1}}, []),
        ({"BACKEND": REDIS["BACKEND"], "LOCATION": "redis://h/0?socket_timeout=1"}, []),
        ({"BACKEND": REDIS["BACKEND"], "LOCATION": "redis://h?socket_timeout=x"}, ["wxlogin.W010"]),
        (
            {"BACKEND": REDIS["BACKEND"], "LOCATION": ["redis://h?socket_timeout=1", "redis://i"]},
            ["wxlogin.W010"],
        ),
        ({"BACKEND": DJANGO_REDIS, "OPTIONS": {"socket_timeout": 1}}, ["wxlogin.W010"]),
        ({"BACKEND": DJANGO_REDIS, "OPTIONS": {"CONNECTION_POOL_KWARGS": {"socket_timeout": 1}}}, []),
        (
            {"BACKEND": DJANGO_REDIS, "OPTIONS": {"SOCKET_TIMEOUT": 1, "SENTINEL_KWARGS": {}}},
            ["wxlogin.W010"],
        ),
        (
            {
                "BACKEND": DJANGO_REDIS,
                "OPTIONS": {"SOCKET_TIMEOUT": 1, "SENTINEL_KWARGS": {"socket_timeout": 1}},
            },
            [],
        ),
        ({"BACKEND": PYLIBMC}, ["wxlogin.W010"]),
        ({"BACKEND": PYLIBMC, "OPTIONS": {"behaviors": {"connect_timeout": 400}}}, ["wxlogin.W010"]),
        ({"BACKEND": PYLIBMC, "OPTIONS": {"behaviors": {"_poll_timeout": 400}}}, []),
        ({}, []),
    ],
)
def test_a_cache_without_a_time_limit_is_named(good_deployment, settings, cache, found):
    settings.CACHES = {"default": cache} if cache else {}

    problems = checks.check_deployment()

    assert ids(problems) == found
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize(
    ("engine", "options", "found"),
    [
        ("postgresql", {}, ["wxlogin.W009"]),
        ("postgresql", {"connect_timeout": 2}, []),
        ("postgresql", {"connect_timeout": 20}, ["wxlogin.W009"]),
        ("postgresql", {"connect_timeout": 2, "pool": True}, ["wxlogin.W011"]),
        ("postgresql", {"connect_timeout": 2, "pool": {"min_size": 2}}, ["wxlogin.W011"]),
        ("postgresql", {"connect_timeout": 2, "pool": {"timeout": 2}}, []),
        ("mysql", {"charset": "utf8mb4"}, ["wxlogin.W009"]),
        ("mysql", {"connect_timeout": 2}, []),
        ("sqlite3", {}, []),
    ],
)
def test_a_database_that_may_take_for_ever_to_connect_is_named(
    good_deployment, settings, monkeypatch, engine, options, found
):
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", f"django.db.backends.{engine}")
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", options)

    problems = checks.check_deployment()

    assert ids(problems) == found
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize(
    ("push", "found"),
    [
        ({"PUSH_TOKEN": "token"}, ["wxlogin.W007"]),
        ({"PUSH_TOKEN": "token", "PUSH_AES_KEY": AES_KEY}, []),
        ({}, []),
    ],
)
def test_pushes_in_plain_mode_are_named(good_deployment, configure, push, found):
    configure(APPS={"wx1": {"SECRET": SECRET, **push}, "wx2": {"SECRET": SECRET}})

    problems = checks.check_deployment()

    assert ids(problems) == found
    assert all(problem.hint and "'wx1'" in problem.msg for problem in problems)


@pytest.mark.parametrize(
    ("storage", "root", "url", "found"),
    [
        ({"BACKEND": FILES}, "", "media/", ["wxlogin.W008"]),
        ({"BACKEND": FILES}, "/srv/media", "", ["wxlogin.W008"]),
        ({"BACKEND": FILES}, "/srv/media", "/", ["wxlogin.W008"]),
        ({"BACKEND": FILES}, "/srv/media", "https://media.example.com/", []),
        ({"BACKEND": FILES, "OPTIONS": {"location": "/srv/media", "base_url": "/media/"}}, "", "", []),
        ({"BACKEND": MEMORY}, "", "", []),
    ],
)
def test_pictures_without_a_place_or_an_address_are_named(
    good_deployment, settings, storage, root, url, found
):
    settings.MEDIA_ROOT, settings.MEDIA_URL = root, url
    settings.STORAGES = {**settings.STORAGES, "default": storage}

    problems = checks.check_deployment()

    assert ids(problems) == found
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize(("include", "shown"), [(False, False), (True, True)])
def test_deployment_is_judged_only_when_asked(settings, include, shown):
    settings.WXLOGIN = {"APPS": GOOD_APPS}

    found = ids(run_checks(tags=[Tags.security], include_deployment_checks=include))

    assert ("wxlogin.W004" in found) is shown


@pytest.mark.parametrize(("level", "found"), [(logging.WARNING, ["wxlogin.W012"]), (logging.INFO, [])])
def test_a_log_without_the_decisions_about_people_is_named(good_deployment, caplog, level, found):
    with caplog.at_level(level, logger="wxlogin"):
        problems = checks.check_deployment()

    assert ids(problems) == found
    assert all("LOGGING" in problem.hint for problem in problems)
