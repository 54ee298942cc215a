import itertools

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.helpers.process import python
from wxlogin import checks, tokens

from .examples import BAD_SETTINGS, GOOD_APPS, SECRET

MISCONFIGURED = [
    ({"WECHAT_APPID": "wx1"}, "wxlogin.E003"),
    ({}, "wxlogin.E002"),
    ({"WECHAT_APPID": "wx1", "WECHAT_SECRET": "made-up", "WXLOGIN_ENCRYPTION_KEYS": "short"}, "wxlogin.E008"),
    ({"WECHAT_APPID": "wx1", "WECHAT_SECRET": "made-up", "DJANGO_SECRET_KEY": "short"}, "wxlogin.E020"),
]

WAYS_TO_START = [["manage.py", "check"], ["-c", "import project.wsgi"]]


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


@pytest.mark.parametrize("declared", ["", [], None])
def test_settings_that_are_no_dict_stop_the_process(settings, declared):
    settings.WXLOGIN = declared

    with pytest.raises(ImproperlyConfigured, match=r"wxlogin\.E001"):
        checks.refuse_to_start()


def test_a_short_signing_key_stops_the_process_and_is_not_shown(monkeypatch):
    monkeypatch.setattr(tokens.api_settings, "SIGNING_KEY", "short-and-made-up")

    with pytest.raises(ImproperlyConfigured, match=r"wxlogin\.E020") as refusal:
        checks.refuse_to_start()

    assert "short-and-made-up" not in str(refusal.value)


def test_a_user_id_that_the_user_model_lacks_stops_the_process(monkeypatch):
    monkeypatch.setattr(tokens.api_settings, "USER_ID_FIELD", "uuid")

    with pytest.raises(ImproperlyConfigured, match=r"wxlogin\.E022"):
        checks.refuse_to_start()


def test_all_reasons_to_stop_are_named_at_once(settings):
    settings.WXLOGIN = {"APPS": {"wx1": {}}, "ENCRYPTION_KEYS": ["short"]}

    with pytest.raises(ImproperlyConfigured) as refusal:
        checks.refuse_to_start()

    assert [line.partition(":")[0] for line in str(refusal.value).splitlines()] == [
        "wxlogin.E003",
        "wxlogin.E008",
    ]


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


def test_a_chinese_project_is_refused_in_chinese():
    code = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
from django.conf import settings
settings.LANGUAGE_CODE = "zh-hans"
import django
django.setup()
"""

    outcome = python("-c", code, DJANGO_SECRET_KEY="made-up-" * 8, PYTHONIOENCODING="utf-8")

    assert outcome.returncode == 1
    assert "wxlogin.E002: WXLOGIN['APPS'] 里没有小程序" in outcome.stderr
