import base64
import itertools
from datetime import timedelta

import pytest
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured

from tests.helpers.process import python
from wxlogin import checks, tokens
from wxlogin.checks.settings import KEYS
from wxlogin.conf import Conf

SECRET = "made-up-secret-that-nobody-may-see"
GOOD_APPS = {"wx1": {"SECRET": SECRET}}
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"  # the trailing bits that WeChat gives may be any
GOOD_KEY = base64.b64encode(b"k" * 32).decode()

# id, what to put into WXLOGIN
BAD_SETTINGS = [
    ("wxlogin.E002", {"APPS": None}),
    ("wxlogin.E002", {"APPS": {}}),
    ("wxlogin.E002", {"APPS": [SECRET]}),
    ("wxlogin.E003", {"APPS": {"wx1": SECRET}}),
    ("wxlogin.E003", {"APPS": {"wx1": {}}}),
    ("wxlogin.E003", {"APPS": {"wx1": {"SECRET": ""}}}),
    ("wxlogin.E003", {"APPS": {"wx1": {"SECRET": " \n"}}}),
    ("wxlogin.E003", {"APPS": {"wx1": {"SECRET": None}}}),
    ("wxlogin.E003", {"APPS": {**GOOD_APPS, "wx2": {"NAME": SECRET}}}),
    ("wxlogin.E004", {"APPS": {"": {"SECRET": SECRET}}}),
    ("wxlogin.E004", {"APPS": {7: {"SECRET": SECRET}}}),
    ("wxlogin.E004", {"APPS": {"wx 1": {"SECRET": SECRET}}}),
    ("wxlogin.E004", {"APPS": {"wx1\n": {"SECRET": SECRET}}}),
    ("wxlogin.E004", {"APPS": {"x" * 33: {"SECRET": SECRET}}}),
    *(
        ("wxlogin.E023", {"APPS": {"wx1": {"SECRET": SECRET, "OPEN_PLATFORM": value}}})
        for value in (7, ["ours"], "x" * 65)
    ),
    *(
        ("wxlogin.E024", {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_TOKEN": value}}})
        for value in ("ab", "x" * 33, SECRET, "token\n", "令牌令牌", 12345, ["token"])
    ),
    *(
        ("wxlogin.E025", {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_TOKEN": "token", "PUSH_AES_KEY": value}}})
        for value in (
            "x" * 42,
            "x" * 44,
            "x" * 42 + "=",
            "x" * 42 + "-",
            "x" * 42 + "\n",
            "密" * 43,
            SECRET,
            7,
        )
    ),
    ("wxlogin.E029", {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_AES_KEY": AES_KEY}}}),
    ("wxlogin.E029", {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_TOKEN": "", "PUSH_AES_KEY": AES_KEY}}}),
    ("wxlogin.E005", {"API_BASE": ""}),
    ("wxlogin.E005", {"API_BASE": None}),
    ("wxlogin.E005", {"API_BASE": "api.weixin.qq.com"}),
    ("wxlogin.E005", {"API_BASE": f"ftp://user:{SECRET}@api.weixin.qq.com"}),
    ("wxlogin.E005", {"API_BASE": "http://"}),
    ("wxlogin.E005", {"API_BASE": "http://[::1"}),
    ("wxlogin.E005", {"API_BASE": "https://api.weixin.qq.com:99999"}),
    ("wxlogin.E005", {"API_BASE": f"https://api.weixin.qq.com/?secret={SECRET}"}),
    ("wxlogin.E005", {"API_BASE": "https://api.weixin.qq.com/#top"}),
    ("wxlogin.E006", {"CA_BUNDLE": "/nowhere/ca.pem"}),
    ("wxlogin.E006", {"CA_BUNDLE": "/"}),
    ("wxlogin.E006", {"CA_BUNDLE": True}),
    *(
        ("wxlogin.E007", {"UPSTREAM_DEADLINE": value})
        for value in (0, -1, "5", True, None, 1e10, float("inf"))
    ),
    ("wxlogin.E007", {"UPSTREAM_DEADLINE": float("nan")}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": GOOD_KEY}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": [SECRET]}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": [GOOD_KEY, base64.b64encode(b"k" * 31).decode()]}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": [GOOD_KEY, None]}),
    ("wxlogin.E008", {"ENCRYPTION_KEYS": ["密" * 44]}),
    *(("wxlogin.E009", {"UPSTREAM_CONCURRENCY": value}) for value in (0, -1, 1.5, "6", True)),
    *(("wxlogin.E010", {"ACCESS_LIFETIME": value}) for value in (0, "300", True, timedelta(), float("inf"))),
    *(("wxlogin.E011", {"SESSION_IDLE": value}) for value in (0, "300", None, timedelta(-1), float("nan"))),
    *(("wxlogin.E012", {"SESSION_ABSOLUTE": value}) for value in (0, "300", timedelta.max, 1e12)),
    *(("wxlogin.E013", {"REFRESH_GRACE": value}) for value in (-1, "30", timedelta(seconds=-1))),
    *(("wxlogin.E014", {"MAX_SESSIONS": value}) for value in (0, -1, 1.5, "10", False)),
    *(("wxlogin.E015", {"LOGIN_RATE": value}) for value in ("", "30", 30, None, "30/fortnight")),
    *(("wxlogin.E016", {"REFRESH_RATE": value}) for value in ("", "60", 60, None, "0/min")),
    *(("wxlogin.E026", {"DATA_RATE": value}) for value in ("", "20", 20, None, "20/fortnight")),
    *(("wxlogin.E027", {"OPEN_DATA_MAX_AGE": value}) for value in (0, "600", None, timedelta(-1))),
    *(
        ("wxlogin.E028", {"RETENTION": value})
        for value in (0, "180", None, True, timedelta.max, float("nan"))
    ),
    *(("wxlogin.E017", {"TRUSTED_PROXIES": value}) for value in (-1, 1.5, "1", True, None)),
    *(("wxlogin.E018", {"USER_FACTORY": value}) for value in ("", "nope", "no.such.module", None, len)),
    ("wxlogin.E018", {"USER_FACTORY": "wxlogin.checks.FATAL"}),
    *(("wxlogin.E019", {"USER_SERIALIZER": value}) for value in ("", "nope", "wxlogin.api.nope", None)),
    *(("wxlogin.E030", {"KEEP_TOKEN_ADMIN": value}) for value in ("yes", None, 2)),
    ("wxlogin.W001", {"TIMEOUT": SECRET}),
    ("wxlogin.W002", {"API_BASE": "http://api.weixin.qq.com"}),
    ("wxlogin.W002", {"API_BASE": "http://127.0.0.1.example.com"}),
    ("wxlogin.W003", {"APPS": {"wx1": {"SECRET": SECRET, "Secret": SECRET}}}),
    ("wxlogin.W003", {"APPS": {"wx1": {"SECRET": SECRET, "b": 1, 2: 3}}}),
]

GOOD_SETTINGS = [
    {},
    {
        "APPS": {
            "wx1": {"SECRET": SECRET, "NAME": "Tea House", "OPEN_PLATFORM": "ours"},
            "wx2": {"SECRET": SECRET},
        }
    },
    {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_TOKEN": "Abc"}}},
    {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_TOKEN": "7" * 32, "PUSH_AES_KEY": AES_KEY}}},
    {"APPS": {"wx1": {"SECRET": SECRET, "PUSH_TOKEN": "", "PUSH_AES_KEY": None}}},
    {"API_BASE": "https://sh.api.weixin.qq.com"},
    {"API_BASE": "http://127.0.0.1:8765"},
    {"API_BASE": "http://[::1]:8765"},
    {"API_BASE": "http://localhost:8765/"},
    {"CA_BUNDLE": None},
    {"UPSTREAM_DEADLINE": 0.5},
    {"ENCRYPTION_KEYS": [GOOD_KEY, GOOD_KEY.encode()]},
    {"ENCRYPTION_KEYS": (GOOD_KEY,)},
    {
        "ACCESS_LIFETIME": 300,
        "SESSION_IDLE": 1.5,
        "SESSION_ABSOLUTE": timedelta(days=3650),
        "REFRESH_GRACE": 0,
        "OPEN_DATA_MAX_AGE": timedelta(minutes=5),
        "RETENTION": timedelta(days=365),
    },
    {"UPSTREAM_CONCURRENCY": 1, "MAX_SESSIONS": 1, "TRUSTED_PROXIES": 0},
    {"LOGIN_RATE": "5/s", "REFRESH_RATE": "1000/hour", "DATA_RATE": "1/d"},
    {"USER_FACTORY": "wxlogin.services.accounts.create_user"},
    {"USER_SERIALIZER": "wxlogin.api.serializers.UserSerializer"},
]


def ids(problems):
    return [problem.id for problem in problems]


@pytest.mark.parametrize(("number", "wrong"), BAD_SETTINGS)
def test_each_mistake_is_named_and_comes_with_a_hint(settings, number, wrong):
    settings.WXLOGIN = {"APPS": GOOD_APPS, **wrong}

    problems = checks.check_settings()

    assert ids(problems) == [number]
    assert problems[0].hint


@pytest.mark.parametrize("value", [None, "wx1", ["wx1"], 7])
def test_settings_that_are_no_dict_are_named(settings, value):
    settings.WXLOGIN = value

    assert ids(checks.check_settings()) == ["wxlogin.E001"]


def test_missing_settings_are_named(settings):
    del settings.WXLOGIN

    assert ids(checks.check_settings()) == ["wxlogin.E001"]


@pytest.mark.parametrize("right", GOOD_SETTINGS)
def test_good_settings_give_nothing(settings, right):
    settings.WXLOGIN = {"APPS": GOOD_APPS, **right}

    assert checks.check_settings() == []


def test_several_mistakes_are_all_named(settings):
    settings.WXLOGIN = {"APPS": {}, "MAX_SESSIONS": 0, "TIMEOUT": 5}

    assert set(ids(checks.check_settings())) == {"wxlogin.E002", "wxlogin.E014", "wxlogin.W001"}


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


def test_local_times_are_named(settings):
    settings.USE_TZ = False

    problems = checks.check_project()

    assert ids(problems) == ["wxlogin.E021"]
    assert problems[0].hint


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


@pytest.mark.parametrize("keys", [["short"], ["x" * 40, "abc"]])
def test_a_short_key_that_only_verifies_is_named_too(settings, keys):
    settings.SECRET_KEY_FALLBACKS = keys

    assert ids(checks.check_project()) == ["wxlogin.E020"]


@pytest.mark.parametrize(
    ("field", "found"), [("uuid", ["wxlogin.E022"]), ("id", []), ("pk", []), ("username", [])]
)
def test_a_user_id_that_the_user_model_lacks_is_named(monkeypatch, field, found):
    monkeypatch.setattr(tokens.api_settings, "USER_ID_FIELD", field)

    problems = checks.check_project()

    assert ids(problems) == found
    assert all('SIMPLE_JWT["USER_ID_FIELD"]' in problem.hint for problem in problems)


def test_a_user_id_that_the_user_model_lacks_stops_the_process(monkeypatch):
    monkeypatch.setattr(tokens.api_settings, "USER_ID_FIELD", "uuid")

    with pytest.raises(ImproperlyConfigured, match=r"wxlogin\.E022"):
        checks.refuse_to_start()


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


@pytest.fixture
def good_deployment(settings):
    settings.WXLOGIN = {"APPS": GOOD_APPS, "ENCRYPTION_KEYS": [GOOD_KEY]}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}


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


FILES = "django.core.files.storage.FileSystemStorage"
MEMORY = "django.core.files.storage.InMemoryStorage"


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


def test_a_good_deployment_gives_nothing(good_deployment):
    assert checks.check_deployment() == []


@pytest.mark.parametrize(("include", "shown"), [(False, False), (True, True)])
def test_deployment_is_judged_only_when_asked(settings, include, shown):
    settings.WXLOGIN = {"APPS": GOOD_APPS}

    found = ids(run_checks(tags=[Tags.security], include_deployment_checks=include))

    assert ("wxlogin.W004" in found) is shown


def test_every_setting_has_a_check_and_every_check_a_setting():
    assert set(KEYS) == {name for name in dir(Conf) if name.isupper()}


def test_no_two_settings_share_an_id():
    numbers = [number for number, *_ in KEYS.values()]

    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("wrong", [wrong for _, wrong in BAD_SETTINGS if SECRET in repr(wrong)])
def test_no_message_tells_a_secret(settings, wrong):
    settings.WXLOGIN = {"APPS": GOOD_APPS, **wrong}

    assert not any(SECRET in f"{each.msg} {each.hint}" for each in checks.check_settings())


@pytest.mark.parametrize(("number", "wrong"), BAD_SETTINGS)
def test_only_what_is_fatal_stops_the_process(settings, number, wrong):
    settings.WXLOGIN = {"APPS": GOOD_APPS, **wrong}

    if number in {"wxlogin.E002", "wxlogin.E003", "wxlogin.E008"}:
        with pytest.raises(ImproperlyConfigured, match=number) as refusal:
            checks.refuse_to_start()
        assert SECRET not in str(refusal.value)
    else:
        checks.refuse_to_start()


def test_missing_settings_stop_the_process(settings):
    del settings.WXLOGIN

    with pytest.raises(ImproperlyConfigured, match=r"wxlogin\.E001"):
        checks.refuse_to_start()


def test_a_short_signing_key_stops_the_process_and_is_not_shown(monkeypatch):
    monkeypatch.setattr(tokens.api_settings, "SIGNING_KEY", "short-and-made-up")

    with pytest.raises(ImproperlyConfigured, match=r"wxlogin\.E020") as refusal:
        checks.refuse_to_start()

    assert "short-and-made-up" not in str(refusal.value)


def test_local_times_do_not_stop_the_process(settings):
    settings.USE_TZ = False

    checks.refuse_to_start()


def test_all_reasons_to_stop_are_told_at_once(settings):
    settings.WXLOGIN = {"APPS": {"wx1": {}}, "ENCRYPTION_KEYS": ["short"]}

    with pytest.raises(ImproperlyConfigured) as refusal:
        checks.refuse_to_start()

    assert [line.partition(":")[0] for line in str(refusal.value).splitlines()] == [
        "wxlogin.E003",
        "wxlogin.E008",
    ]


MISCONFIGURED = [
    ({"WECHAT_APPID": "wx1"}, "wxlogin.E003"),
    ({}, "wxlogin.E002"),
    ({"WECHAT_APPID": "wx1", "WECHAT_SECRET": "made-up", "WXLOGIN_ENCRYPTION_KEYS": "short"}, "wxlogin.E008"),
    ({"WECHAT_APPID": "wx1", "WECHAT_SECRET": "made-up", "DJANGO_SECRET_KEY": "short"}, "wxlogin.E020"),
]
WAYS_TO_START = [["manage.py", "check"], ["-c", "import project.wsgi"]]


@pytest.mark.parametrize(
    ("environment", "number", "way"),
    [(*bad, way) for bad, way in itertools.product(MISCONFIGURED[:1], WAYS_TO_START)]
    + [(*bad, WAYS_TO_START[1]) for bad in MISCONFIGURED[1:]],
)
def test_a_misconfigured_process_does_not_start(environment, number, way):
    outcome = python(*way, **{"DJANGO_SECRET_KEY": "made-up-" * 8, **environment})

    assert outcome.returncode != 0
    assert number in outcome.stderr
    assert "made-up-" not in outcome.stdout + outcome.stderr
