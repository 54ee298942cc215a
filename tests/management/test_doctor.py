import base64
import io
import json
import logging
import time

import pytest
from django.core.checks import Error, Warning, register  # noqa: A004
from django.core.checks.registry import registry
from django.core.files.storage import InMemoryStorage
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django.utils.functional import Promise

from tests.helpers.process import python
from tests.settings import APPID
from wxlogin.conf import conf
from wxlogin.fakewechat.apps import known_apps
from wxlogin.models import SessionKey
from wxlogin.services.upkeep import doctor
from wxlogin.services.upkeep.doctor import examine

pytestmark = pytest.mark.django_db

LOGIN, ACCESS_TOKEN = "/sns/jscode2session", "/cgi-bin/stable_token"
KEYS = [base64.b64encode(letter * 32).decode() for letter in (b"a", b"b")]
AES_KEY = "k" * 43


@pytest.fixture(autouse=True)
def good_project(wechat, configure, settings, tmp_path):
    configure(ENCRYPTION_KEYS=KEYS)
    settings.MEDIA_ROOT = tmp_path
    settings.SILENCED_SYSTEM_CHECKS = ["wxlogin.W005"]  # not all of us have Redis


def run():
    """What the command prints, and whether it found a problem."""
    out = io.StringIO()
    try:
        call_command("wxlogin_doctor", stdout=out)
    except CommandError as exc:
        return out.getvalue() + str(exc), False
    return out.getvalue(), True


def line_with(text, printed):
    (line,) = [line for line in printed.splitlines() if text in line]
    return line


def test_a_good_project_gets_a_line_for_each_part():
    printed, is_well = run()

    assert is_well
    cache = line_with("Cache:", printed)
    assert printed.splitlines() == [
        f"ok      Tea House ({APPID}): WeChat accepts AppID and AppSecret: people can log in.",
        f"ok      Tea House ({APPID}): WeChat gives an access_token.",
        f"ok      Tea House ({APPID}): Pushes are received in secure mode.",
        "ok      Database: It answers.",
        "ok      Database: All migrations are applied.",
        cache,
        "ok      Encryption keys: ENCRYPTION_KEYS lists them.",
        "ok      Encryption keys: Session keys looked at: 0. All open.",
        "ok      Avatar storage: A file could be stored, read and deleted.",
        "ok      Configuration: Nothing to remark.",
    ]


def test_wechat_is_asked_once_for_a_login_and_once_for_a_token(wechat):
    run()

    assert [(call.path, call.errcode) for call in wechat.calls] == [(LOGIN, 40029), (ACCESS_TOKEN, None)]


def test_a_wrong_secret_is_told(wechat):
    wechat.apps = known_apps({APPID: "another-secret"})

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Logins fail: /sns/jscode2session: errcode 40125, rid ", printed)
    assert "Compare the AppSecret" in printed
    assert "problems: 2" in printed


@pytest.mark.parametrize(
    ("errcode", "hint"),
    [
        (40013, "Compare the AppID"),
        (40125, "Compare the AppSecret"),
        (40164, "IP whitelist"),
        (61004, "IP whitelist"),
        (40243, "frozen: unfreeze or reset"),
        (89501, "administrator has to consent"),
        (50002, "what the WeChat console says"),
        (45011, "Try again"),
        (-1, "Try again"),
        (40097, "Look the errcode up"),
        (99999, "Look the errcode up"),
    ],
)
def test_each_refusal_of_a_login_comes_with_what_to_do(wechat, errcode, hint):
    wechat.fault(LOGIN, errcode=errcode)

    printed, is_well = run()

    assert not is_well
    assert f"errcode {errcode}" in line_with("Logins fail", printed)
    assert hint in printed
    assert line_with("access_token", printed).startswith("ok")


def test_without_an_access_token_people_can_still_log_in(wechat):
    wechat.fault(ACCESS_TOKEN, errcode=40164)

    printed, is_well = run()

    assert not is_well
    assert line_with("people can log in", printed).startswith("ok")
    assert "PROBLEM" in line_with("logins don't need it: /cgi-bin/stable_token: errcode 40164", printed)
    assert "IP whitelist" in printed


@pytest.mark.parametrize(
    ("fault", "told", "hint"),
    [
        ({"reset": True}, "ConnectionError", "Check API_BASE and CA_BUNDLE"),
        ({"status": 502}, "HTTP 502", "Something else than WeChat"),
        ({"body": "<html>hotel</html>"}, "not a JSON object", "Something else than WeChat"),
        (
            {"body": json.dumps({"openid": "o-x", "session_key": "k"})},
            "that WeChat never gave was accepted",
            "Something else",
        ),
    ],
)
def test_what_is_not_wechat_is_told(wechat, fault, told, hint):
    wechat.fault(LOGIN, **fault)

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with(told, printed)
    assert hint in printed


def test_a_wechat_that_hangs_costs_a_deadline_a_call(wechat, configure):
    configure(UPSTREAM_DEADLINE=0.3)
    wechat.fault(LOGIN, delay=5)
    wechat.fault(ACCESS_TOKEN, drip=0.2)
    started = time.monotonic()

    printed, is_well = run()

    assert time.monotonic() - started < 4
    assert not is_well
    assert printed.count("WeChatTimeout") == 2
    assert "Check API_BASE and CA_BUNDLE" in printed


def test_each_app_is_asked_for(wechat, two_apps):
    wechat.apps = known_apps({two_apps[0]: "secret-a", two_apps[1]: "rotated"})

    printed, is_well = run()

    assert not is_well
    assert line_with(f"{two_apps[0]}: WeChat accepts", printed).startswith("ok")
    assert "PROBLEM" in line_with(f"Book Shop ({two_apps[1]}): Logins fail", printed)


@pytest.mark.parametrize(
    ("push", "verdict", "told"),
    [
        ({}, "ok ", "is not received"),
        ({"PUSH_TOKEN": "token"}, "note ", "plain mode"),
        ({"PUSH_TOKEN": "token", "PUSH_AES_KEY": AES_KEY}, "ok ", "secure mode"),
    ],
)
def test_pushes_are_no_problem_whatever_is_set(configure, push, verdict, told):
    configure(APPS={APPID: {"SECRET": "made-up", **push}})

    printed, is_well = run()

    assert is_well
    assert [line for line in printed.splitlines() if line.startswith(verdict) and told in line]


def test_a_migration_that_is_missing_is_told():
    applied = MigrationRecorder.Migration.objects.filter(app="wxlogin").order_by("name")
    *_, one, other = applied.values_list("name", flat=True)
    applied.filter(name__in=[one, other]).delete()

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with(f"Migrations are not applied: {one}, {other}.", printed)
    assert "Run manage.py migrate." in printed


def test_a_migration_of_another_app_is_not_ours():
    MigrationRecorder.Migration.objects.filter(app="admin").delete()

    printed, is_well = run()

    assert is_well


@pytest.mark.parametrize(
    ("is_shared", "told"), [(True, "all processes share it"), (False, "Each process has one")]
)
def test_whether_processes_share_the_cache_is_told(monkeypatch, is_shared, told):
    monkeypatch.setattr(doctor, "is_shared", lambda: is_shared)

    printed, is_well = run()

    assert is_well
    assert told in line_with("Cache:", printed)


def test_a_cache_that_keeps_nothing_is_told(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Cache: It forgets", printed)


def test_a_dead_cache_is_told_without_its_password_and_stops_nothing_else(settings):
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
    assert printed.count("\nok") == 8


@pytest.mark.parametrize("number", range(5))
def test_a_session_key_that_does_not_open_is_told(make_person, configure, number, monkeypatch):
    """Of the two oldest and the two newest; those between aren't looked at."""
    monkeypatch.setattr(doctor, "SAMPLE", 2)
    for each in range(5):
        configure(ENCRYPTION_KEYS=[KEYS[each == number]])
        SessionKey.objects.keep(make_person(f"o-{each}"), "made-up", asked_at=timezone.now())
    configure(ENCRYPTION_KEYS=[KEYS[0]])

    printed, is_well = run()

    assert is_well is (number == 2)
    if not is_well:
        assert "PROBLEM" in line_with("Of 4 session keys looked at, 1 don't open.", printed)
        assert "SECRET_KEY_FALLBACKS" in printed


def test_keys_open_with_any_listed_key_and_dropped_ones_need_none(make_person, configure):
    for number, listed in enumerate([KEYS[0], KEYS[1], base64.b64encode(b"c" * 32).decode()]):
        configure(ENCRYPTION_KEYS=[listed])
        SessionKey.objects.keep(make_person(f"o-{number}"), "made-up", asked_at=timezone.now())
    SessionKey.objects.store_check(SessionKey.objects.last(), is_live=False, at=timezone.now())
    configure(ENCRYPTION_KEYS=KEYS)

    printed, is_well = run()

    assert is_well
    assert "Session keys looked at: 2. All open." in printed


def test_a_derived_key_is_told(configure):
    configure(ENCRYPTION_KEYS=[])

    printed, is_well = run()

    assert is_well
    assert line_with("derived from SECRET_KEY and", printed).startswith("ok")
    assert line_with("wxlogin.W004", printed).startswith("note")


def test_the_probe_of_the_file_storage_does_not_stay(tmp_path):
    run()

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_can_not_be_is_told(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file"

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("Avatar storage: Doesn't work: NotADirectoryError.", printed)
    assert "MEDIA_ROOT" in printed


class Forgetful(InMemoryStorage):
    def _save(self, name, content):
        content.truncate(3)
        return super()._save(name, content)


def test_a_storage_that_changes_what_it_keeps_is_told(settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.Forgetful"}}

    printed, is_well = run()

    assert not is_well
    assert "PROBLEM" in line_with("came back different", printed)


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        (Error("Wrong.", hint="Do this.", id="wxlogin.E900"), "PROBLEM"),
        (Warning("Odd.", hint="Do that.", id="wxlogin.W900"), "note   "),
    ],
)
def test_what_the_checks_say_is_told_and_a_warning_is_no_failure(monkeypatch, message, verdict):
    monkeypatch.setattr(registry, "deployment_checks", {*registry.deployment_checks})
    register(lambda **kwargs: [message], deploy=True)

    printed, is_well = run()

    assert is_well is (verdict != "PROBLEM")
    assert f"{verdict} Configuration: {message.id}: {message.msg}\n        {message.hint}\n" in printed


def test_what_the_project_silenced_and_what_others_say_is_not_told(monkeypatch, settings):
    monkeypatch.setattr(registry, "registered_checks", {*registry.registered_checks})
    settings.SILENCED_SYSTEM_CHECKS = ["wxlogin.W005", "wxlogin.E900"]
    messages = [
        Error("Silenced.", id="wxlogin.E900"),
        Error("Of others.", id="others.E1"),
        Error("Of nobody."),
    ]
    register(lambda **kwargs: messages)

    printed, is_well = run()

    assert is_well
    assert "Nothing to remark." in printed


def test_a_part_that_fails_in_an_unforeseen_way_stops_nothing_else(monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("planted")

    for name in ("get_client", "MigrationExecutor", "is_shared", "run_checks"):
        monkeypatch.setattr(doctor, name, fail)
    monkeypatch.setattr(SessionKey.objects, "oldest_and_newest", fail)
    monkeypatch.setattr(doctor.secrets, "token_bytes", fail)

    printed, is_well = run()

    assert not is_well
    assert printed.count("Doesn't work: ZeroDivisionError.") == 7
    assert "planted" not in printed


DEAD = """
import sys, django
django.setup()
from django.conf import settings
from django.core.management import execute_from_command_line
settings.MEDIA_ROOT = {folder!r}
execute_from_command_line(["manage.py", "wxlogin_doctor"])
"""


def test_with_everything_dead_every_part_is_told_in_time(tmp_path):
    nobody = "127.0.0.1:1"
    started = time.monotonic()

    outcome = python(
        "-c",
        DEAD.format(folder=str(tmp_path)),
        DJANGO_SETTINGS_MODULE="project.settings",
        DJANGO_SECRET_KEY="planted-" * 8,
        DATABASE_URL=f"postgres://planted:planted@{nobody}/planted",
        REDIS_URL=f"redis://:planted@{nobody}/0",
        WECHAT_API_BASE=f"http://{nobody}",
        WECHAT_APPID="wx1",
        WECHAT_SECRET="planted",
    )

    assert time.monotonic() - started < 30
    assert outcome.returncode == 1, outcome.stderr
    lines = [line for line in outcome.stdout.splitlines() if line.startswith(("ok", "note", "PROBLEM"))]
    assert [line.split()[0] for line in lines[:8]] == [
        "PROBLEM",  # login
        "PROBLEM",  # access_token
        "ok",  # pushes
        "PROBLEM",  # database
        "PROBLEM",  # cache
        "ok",  # the keys themselves
        "PROBLEM",  # what they sealed
        "ok",  # pictures
    ]
    assert "wxlogin.W004" in lines[-1]
    assert "planted" not in outcome.stdout + outcome.stderr


FAULTS = [
    {},
    {"errcode": 40125},
    {"reset": True},
    {"delay": 3},
    {"status": 500},
    {"body": "{planted}"},
    {"body": '{"errcode": 40164, "errmsg": "{planted}"}'},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_nothing_printed_or_logged_holds_a_secret(wechat, configure, make_person, caplog, settings, fault):
    planted = "PLANTEDSECRETPLANTEDSECRETPLANTED"[:32]
    configure(
        APPS={APPID: {"SECRET": planted, "PUSH_TOKEN": planted, "PUSH_AES_KEY": planted + "P" * 11}},
        UPSTREAM_DEADLINE=0.3,
    )
    settings.SECRET_KEY_FALLBACKS = [planted * 2]
    SessionKey.objects.keep(make_person("o-planted"), planted, asked_at=timezone.now())
    configure(ENCRYPTION_KEYS=[base64.b64encode(planted.encode()).decode()])
    caplog.set_level(logging.DEBUG)
    for path in (LOGIN, ACCESS_TOKEN):
        if fault:
            wechat.fault(
                path,
                **{**fault, "body": fault["body"].replace("{planted}", planted)}
                if "body" in fault
                else fault,
            )

    printed, _ = run()

    access_token, _ = wechat.access_token_for(APPID)
    told = printed + caplog.text + " ".join(repr(record.__dict__) for record in caplog.records)
    secrets = {planted, access_token, "o-planted", *(key.hex() for key in conf.ENCRYPTION_KEYS)}
    secrets |= {base64.b64encode(key).decode() for key in conf.ENCRYPTION_KEYS}
    assert ACCESS_TOKEN in told, "or this test would prove nothing"
    assert not [secret for secret in secrets if secret in told]


def test_findings_are_translated_when_they_are_read(wechat):
    wechat.fault(LOGIN, errcode=40125)

    findings = list(examine())

    ours = [finding for finding in findings if str(finding.subject) != "Configuration"]
    assert all(isinstance(finding.text, Promise) for finding in ours)
    assert all(isinstance(finding.hint, Promise) for finding in ours if finding.hint)
    assert any(finding.hint for finding in ours)
