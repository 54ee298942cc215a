import pytest
from django.core.checks import Tags, run_checks

from wxlogin import checks

from .examples import AES_KEY, GOOD_APPS, GOOD_KEY, SECRET, ids

FILES = "django.core.files.storage.FileSystemStorage"
MEMORY = "django.core.files.storage.InMemoryStorage"


@pytest.fixture
def good_deployment(settings):
    settings.WXLOGIN = {"APPS": GOOD_APPS, "ENCRYPTION_KEYS": [GOOD_KEY]}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}


def test_a_good_deployment_gives_nothing(good_deployment):
    assert checks.check_deployment() == []


def test_a_derived_encryption_key_is_named(settings):
    settings.WXLOGIN = {"APPS": GOOD_APPS}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}

    problems = checks.check_deployment()

    assert ids(problems) == ["wxlogin.W004"]
    assert problems[0].hint


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_a_cache_of_one_process_is_named(settings, backend):
    settings.WXLOGIN = {"APPS": GOOD_APPS, "ENCRYPTION_KEYS": [GOOD_KEY]}
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}

    problems = checks.check_deployment()

    assert ids(problems) == ["wxlogin.W005"]
    assert problems[0].hint


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
