import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from wxlogin import checks, tokens

from .examples import ids


@pytest.mark.parametrize(
    ("key", "debug", "found"),
    [
        ("x" * 31, False, ["wxlogin.E020"]),
        ("密" * 10, False, ["wxlogin.E020"]),
        ("x" * 32, False, []),
        ("x" * 31, True, []),
    ],
)
def test_a_short_signing_key_is_named_where_it_matters(settings, monkeypatch, key, debug, found):
    monkeypatch.setattr(tokens.api_settings, "SIGNING_KEY", key)
    settings.DEBUG = debug

    assert ids(checks.check_project()) == found


def test_an_asymmetric_signing_key_has_no_length_to_judge(monkeypatch):
    monkeypatch.setattr(tokens.api_settings, "ALGORITHM", "RS256")
    monkeypatch.setattr(tokens.api_settings, "SIGNING_KEY", "short")

    assert checks.check_project() == []


@pytest.mark.parametrize("keys", [["short"], ["x" * 40, "abc"]])
def test_a_short_key_that_only_verifies_is_named_too(settings, keys):
    settings.SECRET_KEY_FALLBACKS = keys

    assert ids(checks.check_project()) == ["wxlogin.E020"]


@pytest.mark.parametrize(
    ("use_tz", "zone", "holds_zones", "found"),
    [
        (False, "America/New_York", False, ["wxlogin.W015"]),
        (False, "America/New_York", True, []),
        (False, "Asia/Shanghai", False, []),
        (True, "America/New_York", False, []),
    ],
)
def test_local_times_of_a_zone_whose_clocks_change_are_named(
    settings, monkeypatch, use_tz, zone, holds_zones, found
):
    settings.USE_TZ, settings.TIME_ZONE = use_tz, zone
    monkeypatch.setattr(connection.features, "supports_timezones", holds_zones)

    problems = checks.check_project()

    assert ids(problems) == found
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize(
    ("engine", "options", "found"),
    [
        ("django.db.backends.mysql", {"isolation_level": "repeatable read"}, ["wxlogin.W006"]),
        ("django.db.backends.mysql", {"isolation_level": None}, ["wxlogin.W006"]),
        ("django.db.backends.mysql", {"isolation_level": "read committed"}, []),
        ("django.db.backends.mysql", {}, []),
        ("django.db.backends.postgresql", {"isolation_level": 3}, []),
    ],
)
def test_an_isolation_level_that_deadlocks_on_mysql_is_named(settings, monkeypatch, engine, options, found):
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", engine)
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", options)

    problems = checks.check_project()

    assert ids(problems) == found
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize(
    ("field", "found"), [("uuid", ["wxlogin.E022"]), ("id", []), ("pk", []), ("username", [])]
)
def test_a_user_id_that_the_user_model_lacks_is_named(monkeypatch, field, found):
    monkeypatch.setattr(tokens.api_settings, "USER_ID_FIELD", field)

    problems = checks.check_project()

    assert ids(problems) == found
    assert all('SIMPLE_JWT["USER_ID_FIELD"]' in problem.hint for problem in problems)


class UsersElsewhere:
    def db_for_write(self, model, **hints):
        return "people" if model is get_user_model() else None


class OnlyInRequests:
    def db_for_write(self, model, **hints):
        raise RuntimeError("no tenant")


def test_users_in_another_database_are_named(settings):
    settings.DATABASE_ROUTERS = [f"{__name__}.UsersElsewhere"]

    [problem] = checks.check_project()

    assert problem.id == "wxlogin.E034"
    assert "auth.User is written to the database 'people', and wxlogin's tables to 'default'" in problem.msg
    assert "DATABASE_ROUTERS" in problem.hint


def test_a_router_that_needs_a_request_is_no_problem(settings):
    settings.DATABASE_ROUTERS = [f"{__name__}.OnlyInRequests"]

    assert checks.check_project() == []


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"TENANT_APPS": ["wxlogin"]}, ["wxlogin.W013"]),
        ({"TENANT_APPS": ["wxlogin.apps.WxLoginConfig"]}, ["wxlogin.W013"]),
        ({"TENANT_APPS": ["shop"]}, []),
        (
            {"TENANT_TYPES": {"public": {"APPS": ["wxlogin"]}, "shop": {"APPS": []}}},
            [],
        ),
        (
            {"TENANT_TYPES": {"public": {"APPS": []}, "shop": {"APPS": ["wxlogin"]}}},
            ["wxlogin.W013"],
        ),
    ],
)
def test_tenants_whose_avatars_are_mixed_are_named(settings, names, found):
    for name, value in names.items():
        setattr(settings, name, value)

    problems = checks.check_project()

    assert ids(problems) == found
    assert all(problem.hint for problem in problems)


def spaced_key(key, prefix, version):
    return f"{prefix} {key}"


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ({}, []),
        ({"KEY_PREFIX": "shop"}, []),
        ({"KEY_PREFIX": "茶" * 50}, []),
        ({"KEY_PREFIX": "茶" * 70}, ["wxlogin.W018"]),
        ({"KEY_PREFIX": "tea house"}, ["wxlogin.W018"]),
        ({"KEY_FUNCTION": f"{__name__}.spaced_key"}, ["wxlogin.W018"]),
    ],
)
def test_keys_that_memcached_refuses_are_named(settings, declared, found):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache", **declared}
    }

    problems = checks.check_project()

    assert ids(problems) == found
    assert all(problem.hint for problem in problems)
