import base64
import json
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.management import CommandError
from django.db import OperationalError, connections
from django.utils import timezone

from tests.helpers.process import python
from tests.settings import APPID
from wxlogin.conf import conf
from wxlogin.models import CarriedBlock, SessionKey, WeChatUser
from wxlogin.services.upkeep import reencryption
from wxlogin.vault import Vault
from wxlogin.wechat.results import PhoneNumber

from .conftest import told

OLD, NEW, LOST = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n", b"l"))
SECOND = timedelta(seconds=1)
PHONE = PhoneNumber("13800138000", "86")


@pytest.fixture
def list_keys(configure):
    def change(*keys):
        configure(ENCRYPTION_KEYS=list(keys))

    return change


@pytest.fixture
def make_key(make_person):
    def make(openid="o-alice", session_key=None):
        person = make_person(openid)
        SessionKey.objects.keep(person, session_key or f"key of {openid}", asked_at=timezone.now())
        return SessionKey.objects.get(wechat_user=person)

    return make


def is_current(sealed):
    return Vault(conf.ENCRYPTION_KEYS).is_current(sealed)


def test_session_keys_move_to_the_first_key(make_key, list_keys):
    list_keys(OLD)
    key = make_key()
    list_keys(NEW, OLD)

    lines = told("wxlogin_reencrypt")

    assert lines == [
        "session keys: 1 moved, 0 current, 0 don't open",
        "phone numbers: 0 moved, 0 current, 0 don't open",
        "blocks of erased people: 0 need an older key, 0 don't open",
    ]
    list_keys(NEW)
    moved = SessionKey.objects.get()
    assert moved.reveal() == "key of o-alice"
    assert (moved.obtained_at, moved.checked_at, moved.state) == (key.obtained_at, None, "unknown")


def test_a_moved_phone_opens_and_is_found_with_the_first_key_alone(make_person, list_keys):
    list_keys(OLD)
    make_person().keep_phone(PHONE)
    list_keys(NEW, OLD)

    lines = told("wxlogin_reencrypt")

    assert lines[1] == "phone numbers: 1 moved, 0 current, 0 don't open"
    list_keys(NEW)
    (found,) = WeChatUser.objects.with_phone("+86 138 0013 8000")
    assert found.phone == PHONE


def test_what_is_current_stays_as_it_is(make_key, list_keys):
    list_keys(NEW, OLD)
    key = make_key()
    key.wechat_user.keep_phone(PHONE)
    before = SessionKey.objects.values_list("sealed", "wechat_user__sealed_phone").get()

    lines = told("wxlogin_reencrypt")

    assert lines[0] == "session keys: 0 moved, 1 current, 0 don't open"
    assert lines[1] == "phone numbers: 0 moved, 1 current, 0 don't open"
    assert SessionKey.objects.values_list("sealed", "wechat_user__sealed_phone").get() == before


def test_a_dropped_key_and_a_missing_phone_are_nothing_to_move(make_key, list_keys):
    list_keys(OLD)
    key = make_key()
    SessionKey.objects.store_check(key, is_live=False, at=timezone.now())
    list_keys(NEW)

    lines = told("wxlogin_reencrypt")

    assert lines[0] == "session keys: 0 moved, 0 current, 0 don't open"
    assert SessionKey.objects.get().state == SessionKey.State.STALE


def test_a_second_run_finds_all_current(make_key, list_keys):
    list_keys(OLD)
    make_key()
    list_keys(NEW, OLD)
    told("wxlogin_reencrypt")

    assert told("wxlogin_reencrypt")[0] == "session keys: 0 moved, 1 current, 0 don't open"


def test_a_derived_key_moves_as_well(make_key, settings):
    make_key()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-made-up-key-that-is-long-enough"

    told("wxlogin_reencrypt")

    settings.SECRET_KEY_FALLBACKS = []
    assert SessionKey.objects.get().reveal() == "key of o-alice"


def test_many_move_in_many_batches(make_key, list_keys, monkeypatch):
    list_keys(OLD)
    for number in range(7):
        make_key(f"o-{number}").wechat_user.keep_phone(PHONE)
    list_keys(NEW, OLD)
    monkeypatch.setattr(reencryption, "BATCH", 3)

    lines = told("wxlogin_reencrypt")

    assert lines[0] == "session keys: 7 moved, 0 current, 0 don't open"
    assert lines[1] == "phone numbers: 7 moved, 0 current, 0 don't open"
    assert all(is_current(sealed) for sealed in SessionKey.objects.values_list("sealed", flat=True))


def test_what_no_key_opens_is_left_and_told(make_key, list_keys, capsys):
    list_keys(LOST)
    make_key("o-lost").wechat_user.keep_phone(PHONE)
    list_keys(OLD)
    make_key("o-found")
    list_keys(NEW, OLD)
    before = bytes(SessionKey.objects.get(wechat_user__openid="o-lost").sealed)

    with pytest.raises(CommandError, match=r"^2 values open with none.*ENCRYPTION_KEYS.*log in again"):
        told("wxlogin_reencrypt")

    assert bytes(SessionKey.objects.get(wechat_user__openid="o-lost").sealed) == before
    list_keys(NEW, LOST)
    assert SessionKey.objects.get(wechat_user__openid="o-found").reveal() == "key of o-found"
    assert told("wxlogin_reencrypt")[:2] == [
        "session keys: 1 moved, 1 current, 0 don't open",
        "phone numbers: 1 moved, 0 current, 0 don't open",
    ]


def test_a_value_of_another_row_does_not_open(make_key, list_keys):
    list_keys(OLD)
    make_key("o-alice")
    bobs = make_key("o-bob")
    SessionKey.objects.filter(wechat_user__openid="o-alice").update(sealed=bytes(bobs.sealed))
    list_keys(NEW, OLD)

    with pytest.raises(CommandError, match=r"^1 values"):
        told("wxlogin_reencrypt")


def keep_block(make_person, openid, forgotten_in=timedelta(days=9)):
    now = timezone.now()
    person = make_person(openid, blocked_at=now, blocked_until=now + forgotten_in)
    CarriedBlock.objects.keep(
        appid=person.appid,
        openid=person.openid,
        blocked_at=person.blocked_at,
        blocked_until=person.blocked_until,
        reason=person.block_reason,
        reason_public=person.block_reason_public,
        at=now,
    )
    return now + forgotten_in


def test_the_older_key_of_a_carried_block_is_asked_for_until_the_last_is_forgotten(make_person, list_keys):
    list_keys(OLD)
    keep_block(make_person, "o-1", timedelta(days=3))
    last = keep_block(make_person, "o-2", timedelta(days=9))
    keep_block(make_person, "o-3", timedelta(days=5))
    list_keys(NEW, OLD)
    keep_block(make_person, "o-4", timedelta(days=99))

    lines = told("wxlogin_reencrypt")

    assert lines[2] == (
        "blocks of erased people: 3 need an older key and can't be moved; "
        f"keep it (or the SECRET_KEY it came from) listed until {last:%Y-%m-%d %H:%M} UTC, 0 don't open"
    )
    assert CarriedBlock.objects.take(APPID, "o-2", timezone.now())


def test_a_forgotten_block_needs_no_key(make_person, list_keys):
    list_keys(OLD)
    keep_block(make_person, "o-1", -SECOND)
    list_keys(NEW)

    assert told("wxlogin_reencrypt")[2] == "blocks of erased people: 0 need an older key, 0 don't open"


def test_a_carried_block_under_a_key_that_is_gone_is_told(make_person, list_keys):
    list_keys(LOST)
    keep_block(make_person, "o-1")
    list_keys(NEW)

    with pytest.raises(CommandError, match=r"^1 values"):
        told("wxlogin_reencrypt")


def test_a_login_at_the_same_moment_wins(make_key, list_keys, monkeypatch):
    list_keys(OLD)
    key = make_key()
    list_keys(NEW, OLD)
    reveal = SessionKey.reveal

    def reveal_while_alice_logs_in(self):
        monkeypatch.setattr(SessionKey, "reveal", reveal)
        SessionKey.objects.keep(key.wechat_user, "newer", asked_at=timezone.now())
        return reveal(self)

    monkeypatch.setattr(SessionKey, "reveal", reveal_while_alice_logs_in)

    lines = told("wxlogin_reencrypt")

    assert lines[0] == "session keys: 0 moved, 1 current, 0 don't open"
    assert SessionKey.objects.get().reveal() == "newer"


def test_a_phone_bound_or_taken_back_at_the_same_moment_wins(make_person, list_keys, monkeypatch):
    list_keys(OLD)
    alice, bob = make_person("o-alice"), make_person("o-bob")
    alice.keep_phone(PHONE)
    bob.keep_phone(PHONE)
    list_keys(NEW, OLD)
    newer, phone = PhoneNumber("13900139000", "86"), WeChatUser.phone.fget

    def phone_while_it_changes(self):
        if self.openid == "o-alice":
            alice.keep_phone(newer)
        else:
            bob.change(sealed_phone=b"", phone_hash="")
        return phone(self)

    monkeypatch.setattr(WeChatUser, "phone", property(phone_while_it_changes))
    told("wxlogin_reencrypt")
    monkeypatch.setattr(WeChatUser, "phone", property(phone))

    assert list(WeChatUser.objects.with_phone("13900139000")) == [alice]
    assert WeChatUser.objects.get(openid="o-alice").phone == newer
    assert WeChatUser.objects.get(openid="o-bob").phone is None
    assert not WeChatUser.objects.with_phone("13800138000").exists()


@pytest.mark.django_db(transaction=True)
def test_keys_that_are_written_all_the_while_are_neither_lost_nor_replaced(make_key, list_keys):
    list_keys(OLD)
    people = [make_key(f"o-{number}").wechat_user for number in range(40)]
    list_keys(NEW, OLD)
    start = Barrier(3)

    def log_everybody_in():
        for person in people[::2]:
            asked_at = timezone.now()
            SessionKey.objects.keep(person, f"newer of {person.openid}", asked_at=asked_at)

    def at_once(work):
        try:
            start.wait()
            return work()
        finally:
            connections.close_all()

    def move():
        return told("wxlogin_reencrypt")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(at_once, [move, log_everybody_in, move]))

    list_keys(NEW)
    revealed = {
        key.wechat_user.openid: key.reveal() for key in SessionKey.objects.select_related("wechat_user")
    }
    assert revealed == {
        f"o-{number}": f"key of o-{number}" if number % 2 else f"newer of o-{number}" for number in range(40)
    }


@pytest.mark.django_db(transaction=True)
def test_somebody_in_the_way_is_no_reason_to_stop(make_key, list_keys, monkeypatch):
    list_keys(OLD)
    make_key()
    list_keys(NEW, OLD)
    reveal, failures = SessionKey.reveal, [OperationalError("database is locked")]

    def reveal_later(self):
        if failures:
            raise failures.pop()
        return reveal(self)

    monkeypatch.setattr(SessionKey, "reveal", reveal_later)

    assert told("wxlogin_reencrypt")[0] == "session keys: 1 moved, 0 current, 0 don't open"


def test_nothing_printed_tells_a_key(make_key, list_keys, monkeypatch):
    list_keys(LOST)
    make_key("o-lost", "planted-session-key")
    list_keys(NEW, OLD)

    with pytest.raises(CommandError) as problem:
        told("wxlogin_reencrypt")

    assert not [secret for secret in (OLD, NEW, LOST, "planted") if secret in str(problem.value)]


PEOPLE = 600  # more than a batch

FILL = f"""
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from wxlogin.models import SessionKey, WeChatUser
from wxlogin.wechat.results import PhoneNumber
call_command("migrate", verbosity=0)
now = timezone.now()
with transaction.atomic():
    user = User.objects.create(username="everybody")
    for number in range({PEOPLE}):
        person = WeChatUser.objects.create(
            user=user, appid="wx1", openid=f"o-{{number}}", created_at=now, last_login_at=now
        )
        SessionKey.objects.keep(person, f"key {{number}}", asked_at=now)
        person.keep_phone(PhoneNumber(f"1380000{{number:04}}", "86"))
"""

DIE = """
import os, signal
import django
django.setup()
from django.core.management import call_command
from wxlogin.vault import Vault
seal, sealed = Vault.seal, []
def seal_some(self, *args, **kwargs):
    sealed.append(1)
    if len(sealed) > {some}:
        os.kill(os.getpid(), signal.SIGKILL)
    return seal(self, *args, **kwargs)
Vault.seal = seal_some
call_command("wxlogin_reencrypt")
"""


@pytest.mark.parametrize("some", [550, PEOPLE + 550], ids=["among the session keys", "among the phones"])
def test_killed_half_way_and_run_again_nothing_is_lost(tmp_path, some):
    environment = {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DJANGO_SECRET_KEY": "made-up-" * 8,
        "WECHAT_APPID": "wx1",
        "WECHAT_SECRET": "made-up",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
    }
    both_keys = {**environment, "WXLOGIN_ENCRYPTION_KEYS": f"{NEW},{OLD}"}
    filled = python("-c", FILL, **environment, WXLOGIN_ENCRYPTION_KEYS=OLD)
    assert filled.returncode == 0, filled.stderr

    killed = python("-c", DIE.format(some=some), **both_keys)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    keys, phones = stored(tmp_path / "db.sqlite3")
    assert sum(is_of(NEW, sealed) for *_, sealed in keys + phones) == some
    finished = python("manage.py", "wxlogin_reencrypt", **both_keys)
    assert finished.returncode == 0, finished.stderr
    moved_keys, moved_phones = min(some, PEOPLE), max(some - PEOPLE, 0)
    assert finished.stdout.splitlines()[:2] == [
        f"session keys: {PEOPLE - moved_keys} moved, {moved_keys} current, 0 don't open",
        f"phone numbers: {PEOPLE - moved_phones} moved, {moved_phones} current, 0 don't open",
    ]
    vault = Vault([base64.b64decode(NEW)])
    keys, phones = stored(tmp_path / "db.sqlite3")
    opened = [vault.open(sealed, bound_to=("session_key", *identity)) for *identity, sealed in keys]
    assert opened == [f"key {number}" for number in range(PEOPLE)]
    opened = [json.loads(vault.open(sealed, bound_to=("phone", *identity))) for *identity, sealed in phones]
    assert opened == [["86", f"1380000{number:04}"] for number in range(PEOPLE)]


def stored(database):
    """(appid, openid, sealed) of the session keys and of the phones."""
    connection = sqlite3.connect(database)
    person = "appid, openid, {} FROM wxlogin_wechatuser w {} ORDER BY w.id"
    try:
        return (
            connection.execute(
                "SELECT " + person.format("sealed", "JOIN wxlogin_sessionkey k ON k.wechat_user_id = w.id")
            ).fetchall(),
            connection.execute("SELECT " + person.format("sealed_phone", "")).fetchall(),
        )
    finally:
        connection.close()


def is_of(key, sealed):
    return Vault([base64.b64decode(key)]).is_current(sealed)
