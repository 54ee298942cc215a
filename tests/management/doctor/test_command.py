import base64
import logging
import time

import pytest
from django.utils.functional import Promise

from tests.helpers.process import python
from tests.settings import APPID
from wxlogin.clock import utc_now
from wxlogin.conf import conf
from wxlogin.models import SessionKey
from wxlogin.secret import Secret
from wxlogin.services.host import cache, database, storage, users
from wxlogin.services.upkeep import doctor
from wxlogin.services.upkeep.doctor import examine

from .command import ACCESS_TOKEN, LOGIN, line_with, run

pytestmark = pytest.mark.django_db


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
        "ok      Database: A row was stored, read back, locked and rolled back.",
        "ok      Database: Emoji, Chinese, sealed values and times come back as they were stored.",
        line_with("Users:", printed),
        cache,
        "ok      Avatar storage: A file could be stored, read and deleted.",
        *[line for line in printed.splitlines() if "Clocks:" in line],
        line_with("Client addresses: TRUSTED_PROXIES is 0.", printed),
        "ok      Encryption keys: ENCRYPTION_KEYS lists them.",
        "ok      Encryption keys: Session keys looked at: 0. All open.",
        line_with("Calls to WeChat:", printed),
        "ok      Configuration: Nothing to remark.",
    ]


def test_a_part_that_fails_in_an_unforeseen_way_stops_nothing_else(monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("planted")

    for name in ("get_client", "is_shared", "run_checks"):
        monkeypatch.setattr(doctor, name, fail)
    monkeypatch.setattr(database, "MigrationExecutor", fail)
    monkeypatch.setattr(cache, "is_shared", fail)
    monkeypatch.setattr(SessionKey.objects, "oldest_and_newest", fail)
    monkeypatch.setattr(storage.secrets, "token_bytes", fail)
    monkeypatch.setattr(users, "count_openids_as_names", fail)

    printed, is_well = run()

    assert not is_well
    assert printed.count("Doesn't work: ZeroDivisionError.") == 9
    assert "planted" not in printed


DEAD = """
import sys, django
django.setup()
from django.conf import settings
from django.core.management import execute_from_command_line
from wxlogin.secret import Secret
settings.MEDIA_ROOT = {folder!r}
execute_from_command_line(["manage.py", "wxlogin_doctor"])
"""


def test_with_everything_dead_every_part_is_reported_in_time(tmp_path):
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
    assert [line.split()[0] for line in lines[:10]] == [
        "PROBLEM",  # login
        "PROBLEM",  # access_token
        "ok",  # pushes
        "PROBLEM",  # database
        "PROBLEM",  # users
        "PROBLEM",  # cache
        "ok",  # file storage
        "ok",  # the clients' addresses
        "ok",  # the keys themselves
        "PROBLEM",  # the session keys in the database
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
    SessionKey.objects.store(make_person("o-planted"), Secret(planted), asked_at=utc_now())
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
    shown = printed + caplog.text + " ".join(repr(record.__dict__) for record in caplog.records)
    secrets = {planted, access_token, "o-planted", *(key.reveal().hex() for key in conf.ENCRYPTION_KEYS)}
    secrets |= {base64.b64encode(key.reveal()).decode() for key in conf.ENCRYPTION_KEYS}
    assert ACCESS_TOKEN in shown, "without a log of the calls this test would prove nothing"
    assert not [secret for secret in secrets if secret in shown]


def test_findings_are_translated_when_they_are_read(wechat):
    wechat.fault(LOGIN, errcode=40125)

    findings = list(examine())

    ours = [finding for finding in findings if str(finding.subject) != "Configuration"]
    assert all(isinstance(finding.text, Promise) for finding in ours)
    assert all(isinstance(finding.hint, Promise) for finding in ours if finding.hint)
    assert any(finding.hint for finding in ours)
