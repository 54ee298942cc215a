"""The settings that the project reads from the environment."""

import json
from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.helpers.process import python
from tests.helpers.project_settings import MINIMUM, SECRET, settings_with


def without(name):
    return {key: value for key, value in MINIMUM.items() if key != name}


def test_a_process_without_secret_key_does_not_start():
    outcome = python("manage.py", "check", **without("DJANGO_SECRET_KEY"))

    assert outcome.returncode != 0
    assert "Set DJANGO_SECRET_KEY" in outcome.stderr
    assert SECRET not in outcome.stderr


@pytest.mark.parametrize(("debug", "starts"), [("1", True), ("0", False), ("", False)])
def test_only_development_has_a_secret_key_of_its_own(debug, starts):
    if starts:
        assert len(settings_with(DJANGO_SECRET_KEY="", DJANGO_DEBUG=debug)["SECRET_KEY"]) >= 32
    else:
        with pytest.raises(ImproperlyConfigured, match="DJANGO_SECRET_KEY"):
            settings_with(DJANGO_SECRET_KEY="", DJANGO_DEBUG=debug)


@pytest.mark.parametrize(
    ("text", "on"),
    [("1", True), ("true", True), ("YES", True), ("on", True), ("0", False), ("false", False), ("", False)],
)
def test_debug_is_on_only_if_the_variable_says_so(text, on):
    assert settings_with(DJANGO_DEBUG=text)["DEBUG"] is on


def test_production_is_the_default():
    settings = settings_with()

    assert settings["DEBUG"] is False
    assert settings["ALLOWED_HOSTS"] == []
    assert settings["USE_TZ"] is True


@pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "SECRET_KEY_FALLBACKS"])
@pytest.mark.parametrize(
    ("text", "items"), [("", []), ("a", ["a"]), ("a,b", ["a", "b"]), (" a , b ,", ["a", "b"]), (",", [])]
)
def test_lists_are_separated_by_commas(name, text, items):
    assert settings_with(**{f"DJANGO_{name}": text})[name] == items


def test_one_app_needs_two_variables():
    assert settings_with()["WXLOGIN"]["APPS"] == {"wx1": {"SECRET": SECRET}}


def test_an_app_without_secret_is_left_to_the_checks():
    with mock.patch.dict(MINIMUM, WECHAT_SECRET=""):
        assert settings_with()["WXLOGIN"]["APPS"] == {"wx1": {"SECRET": ""}}


def test_several_apps_are_json_and_go_first():
    apps = {"wx2": {"SECRET": SECRET, "NAME": "茶馆"}, "wx3": {"SECRET": SECRET}}

    assert settings_with(WECHAT_APPS=json.dumps(apps))["WXLOGIN"]["APPS"] == apps


@pytest.mark.parametrize(
    "text",
    [
        f'{{"wx2": {{"SECRET": "{SECRET}"}}',
        f'{{"wx2": {{"SECRET": "{SECRET}"}}}} trailing',
        SECRET,
        f'"{SECRET}"',
        f'["{SECRET}"]',
        f'[["wx2", "{SECRET}"]]',
        "7",
        "null",
        "true",
    ],
)
def test_apps_that_are_no_json_object_are_refused_without_being_shown(text):
    outcome = python("-c", "import project.settings", **MINIMUM, WECHAT_APPS=text)

    assert outcome.returncode != 0
    assert outcome.stderr.splitlines()[-1].endswith("WECHAT_APPS is not a JSON object of apps.")
    assert SECRET not in outcome.stderr


@pytest.mark.parametrize(("debug", "count"), [("1", 1), ("0", 0)])
def test_only_development_has_an_app_of_its_own(debug, count):
    settings = settings_with(WECHAT_APPID="", WECHAT_SECRET="", DJANGO_DEBUG=debug)

    assert len(settings["WXLOGIN"]["APPS"]) == count


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("WECHAT_API_BASE", "http://127.0.0.1:8765", "API_BASE", "http://127.0.0.1:8765"),
        ("WECHAT_CA_BUNDLE", "/made/up.pem", "CA_BUNDLE", "/made/up.pem"),
        ("WXLOGIN_MAX_SESSIONS", "3", "MAX_SESSIONS", 3),
        ("WXLOGIN_SESSION_IDLE", "600", "SESSION_IDLE", 600),
        ("WXLOGIN_UPSTREAM_DEADLINE", "2.5", "UPSTREAM_DEADLINE", 2.5),
        ("WXLOGIN_BREAKER_FAILURES", "0", "BREAKER_FAILURES", 0),
        ("WXLOGIN_BREAKER_PAUSE", "2.5", "BREAKER_PAUSE", 2.5),
        ("WXLOGIN_LOGIN_RATE", "5/s", "LOGIN_RATE", "5/s"),
        ("WXLOGIN_USER_FACTORY", "shop.people.make", "USER_FACTORY", "shop.people.make"),
        ("WXLOGIN_ENCRYPTION_KEYS", "a2V5, a2V6", "ENCRYPTION_KEYS", ["a2V5", "a2V6"]),
        ("WXLOGIN_ENCRYPTION_KEYS", "a2V5", "ENCRYPTION_KEYS", ["a2V5"]),
        ("WXLOGIN_ENCRYPTION_KEYS", "1234", "ENCRYPTION_KEYS", ["1234"]),
    ],
)
def test_any_key_of_wxlogin_can_come_from_the_environment(variable, text, key, value):
    found = settings_with(**{variable: text})["WXLOGIN"][key]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("variable", ["WECHAT_API_BASE", "WECHAT_CA_BUNDLE", "WXLOGIN_MAX_SESSIONS"])
def test_an_empty_variable_means_the_default(variable):
    assert settings_with(**{variable: ""})["WXLOGIN"].keys() == {"APPS"}


def test_apps_come_only_from_their_own_variables():
    assert settings_with(WXLOGIN_APPS="wx9")["WXLOGIN"]["APPS"] == {"wx1": {"SECRET": SECRET}}


def test_https_is_a_switch():
    on, off = settings_with(DJANGO_HTTPS="1"), settings_with(DJANGO_HTTPS="0")

    assert on["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert on["SECURE_SSL_REDIRECT"]
    assert on["SECURE_HSTS_SECONDS"] > 0
    assert on["SESSION_COOKIE_SECURE"]
    assert on["CSRF_COOKIE_SECURE"]
    assert not any(name.startswith("SECURE_") or name.endswith("COOKIE_SECURE") for name in off)


@pytest.mark.parametrize(("path", "status"), [("/livez", 200), ("/admin/login/", 301), ("/livez/x", 301)])
def test_https_does_not_lock_the_load_balancer_out(client, settings, path, status):
    for name, value in settings_with(DJANGO_HTTPS="1").items():
        if name.startswith("SECURE_"):
            setattr(settings, name, value)

    assert client.get(path).status_code == status
