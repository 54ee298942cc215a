import json
import os
import runpy
import socket
import sqlite3
import time
from unittest import mock

import pytest
from django.core.cache import CacheHandler
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from redis import RedisError

from tests.helpers.process import ROOT, python

SECRET = "made-up-secret-that-nobody-may-see"
MINIMUM = {"DJANGO_SECRET_KEY": "made-up-" * 8, "WECHAT_APPID": "wx1", "WECHAT_SECRET": SECRET}


def settings_with(**environment):
    """What ``project.settings`` makes of these variables and no others."""
    with mock.patch.dict(os.environ, {**MINIMUM, **environment}, clear=True):
        return runpy.run_path(str(ROOT / "project" / "settings.py"))


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
def test_debug_is_on_only_if_told(text, on):
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


def test_the_environment_can_not_slip_apps_past_their_own_variables():
    assert settings_with(WXLOGIN_APPS="wx9")["WXLOGIN"]["APPS"] == {"wx1": {"SECRET": SECRET}}


def database(url):
    return settings_with(DATABASE_URL=url)["DATABASES"]["default"]


def test_sqlite_is_the_default():
    config = settings_with()["DATABASES"]["default"]

    assert config["ENGINE"] == "django.db.backends.sqlite3"
    assert config["NAME"] == str(ROOT / "db.sqlite3")


@pytest.mark.parametrize(
    ("url", "engine", "options"),
    [
        ("sqlite:////tmp/x.sqlite3", "sqlite3", {"timeout", "transaction_mode", "init_command"}),
        ("postgres://user:made-up@db/shop", "postgresql", {"connect_timeout", "options"}),
        ("postgresql://user:made-up@db/shop", "postgresql", {"connect_timeout", "options"}),
        (
            "mysql://user:made-up@db/shop",
            "mysql",
            {"connect_timeout", "read_timeout", "write_timeout", "charset", "init_command"},
        ),
    ],
)
def test_each_database_gets_its_own_options(url, engine, options):
    config = database(url)

    assert config["ENGINE"] == f"django.db.backends.{engine}"
    assert config["OPTIONS"].keys() == options
    assert config["CONN_HEALTH_CHECKS"] is True


def test_the_url_overrules_an_option():
    config = database("postgres://user:made-up@db/shop?connect_timeout=1&sslmode=require")

    assert int(config["OPTIONS"]["connect_timeout"]) == 1
    assert config["OPTIONS"]["sslmode"] == "require"
    assert "statement_timeout" in config["OPTIONS"]["options"]


@pytest.mark.parametrize(
    ("deadline", "postgresql"),
    [
        ("", "-c statement_timeout=2000 -c lock_timeout=1000"),
        ("1", "-c statement_timeout=400 -c lock_timeout=200"),
    ],
)
def test_a_wait_for_a_lock_ends_before_its_statement_is_cut_and_that_before_the_upstream_deadline(
    deadline, postgresql
):
    settings = settings_with(WXLOGIN_UPSTREAM_DEADLINE=deadline)

    assert settings["LOCK_WAIT"] < settings["DATABASE_WAIT"] < float(deadline or 5)
    assert settings["DATABASE_OPTIONS"]["postgresql"]["options"] == postgresql
    assert settings["DATABASE_OPTIONS"]["mysql"]["init_command"].endswith("innodb_lock_wait_timeout=1")


IN_A_TRANSACTION = """
import django, sqlite3
django.setup()
from django.db import connection, transaction
with connection.cursor() as cursor:
    print(cursor.execute("PRAGMA journal_mode").fetchone()[0])
with transaction.atomic():
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as exc:
        print(exc)
    other.close()
connection.close()
"""


def test_sqlite_really_writes_ahead_and_queues_writers_at_the_start(tmp_path):
    outcome = python(
        "-c",
        IN_A_TRANSACTION,
        **MINIMUM,
        DJANGO_SETTINGS_MODULE="project.settings",
        DATABASE_URL=f"sqlite:///{tmp_path / 'db.sqlite3'}",
    )

    assert outcome.stdout.splitlines() == ["wal", "database is locked"], outcome.stderr


def cache_at(url):
    return CacheHandler({"default": settings_with(REDIS_URL=url)["CACHES"]["default"]})["default"]


def test_without_redis_the_cache_is_local_memory():
    assert settings_with()["CACHES"]["default"]["BACKEND"].endswith("LocMemCache")


def test_redis_is_used_where_there_is_one():
    cache = cache_at(os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379")
    try:
        cache.set("wxlogin-test-of-settings", 1, 5)
    except RedisError as exc:
        pytest.skip(f"no Redis here: {type(exc).__name__}")

    assert cache.incr("wxlogin-test-of-settings") == 2
    assert cache.delete("wxlogin-test-of-settings")


@pytest.fixture
def dead_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.fixture
def frozen_port():
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


@pytest.mark.parametrize("trouble", ["dead_port", "frozen_port"])
def test_a_redis_in_trouble_costs_less_than_a_second(request, trouble):
    cache = cache_at(f"redis://127.0.0.1:{request.getfixturevalue(trouble)}")
    begin = time.monotonic()

    with pytest.raises(RedisError):
        cache.set("key", 1)

    assert time.monotonic() - begin < 1


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


LOG_SOMETHING = """
import logging
import django
django.setup()
logging.getLogger("wxlogin").info("%s", "login 登录", extra={"wxlogin": {"event": "login"}})
logging.getLogger("django.request").warning("two\\nlines")
logging.getLogger("elsewhere").debug("too detailed")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("elsewhere").exception("trouble")
"""


@pytest.mark.parametrize("level", ["", "info", "INFO"])
def test_each_log_line_is_json_on_standard_output(level):
    environment = {"DJANGO_LOG_LEVEL": level} if level else {}

    outcome = python("-c", LOG_SOMETHING, **MINIMUM, **environment, DJANGO_SETTINGS_MODULE="project.settings")

    lines = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert outcome.stderr == ""
    assert [(line["level"], line["logger"], line["message"]) for line in lines] == [
        ("INFO", "wxlogin", "login 登录"),
        ("WARNING", "django.request", "two\nlines"),
        ("ERROR", "elsewhere", "trouble"),
    ]
    assert lines[0]["wxlogin"] == {"event": "login"}
    assert all("time" in line for line in lines)
    assert "ZeroDivisionError" in lines[2]["exc_info"]


@pytest.mark.django_db
def test_the_tests_themselves_run_on_the_projects_options():
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0)

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")

    other.close()
