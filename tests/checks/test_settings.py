import re
from datetime import timedelta

import pytest
from django.utils import translation

from wxlogin import checks
from wxlogin.checks.settings import KEYS
from wxlogin.conf import Conf

from .examples import AES_KEY, BAD_SETTINGS, GOOD_APPS, GOOD_KEY, SECRET, ids

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
    {"BREAKER_FAILURES": 0, "BREAKER_PAUSE": 0},
    {"BREAKER_FAILURES": 1, "BREAKER_PAUSE": timedelta(seconds=2)},
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


@pytest.mark.parametrize(("number", "wrong"), BAD_SETTINGS)
def test_each_mistake_is_named_and_comes_with_a_hint(settings, number, wrong):
    settings.WXLOGIN = {"APPS": GOOD_APPS, **wrong}

    problems = checks.check_settings()

    assert ids(problems) == [number]
    assert problems[0].hint


@pytest.mark.parametrize(("number", "wrong"), BAD_SETTINGS)
def test_each_mistake_is_told_in_chinese_too(settings, number, wrong):
    settings.WXLOGIN = {"APPS": GOOD_APPS, **wrong}

    with translation.override("zh-hans"):
        [problem] = checks.check_settings()

    assert all(re.search("[\u4e00-\u9fff]", text) for text in (problem.msg, problem.hint))


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


def test_every_setting_has_a_check_and_every_check_a_setting():
    assert set(KEYS) == {name for name in dir(Conf) if name.isupper()}


def test_no_two_settings_share_an_id():
    numbers = [number for number, *_ in KEYS.values()]

    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("wrong", [wrong for _, wrong in BAD_SETTINGS if SECRET in repr(wrong)])
def test_no_message_tells_a_secret(settings, wrong):
    settings.WXLOGIN = {"APPS": GOOD_APPS, **wrong}

    assert not any(SECRET in f"{each.msg} {each.hint}" for each in checks.check_settings())
