import base64
import json
import signal
import sqlite3

import pytest

from tests.helpers.process import python
from wxlogin.secret import Secret
from wxlogin.vault import Vault

from .keys import NEW, OLD

# More than one batch.
PEOPLE = 600

FILL = f"""
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from wxlogin.clock import utc_now
from wxlogin.models import SessionKey, WeChatUser
from wxlogin.secret import Secret
from wxlogin.wechat.results import PhoneNumber
call_command("migrate", verbosity=0)
now = utc_now()
with transaction.atomic():
    user = User.objects.create(username="everybody")
    for number in range({PEOPLE}):
        person = WeChatUser.objects.create(
            user=user, appid="wx1", openid=f"o-{{number}}", created_at=now, last_login_at=now
        )
        SessionKey.objects.store(person, Secret(f"key {{number}}"), asked_at=now)
        person.store_phone(PhoneNumber(f"1380000{{number:04}}", "86"))
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
    vault = Vault([Secret(base64.b64decode(NEW))])
    keys, phones = stored(tmp_path / "db.sqlite3")
    opened = [vault.open(sealed, bound_to=("session_key", *identity)).reveal() for *identity, sealed in keys]
    assert opened == [f"key {number}" for number in range(PEOPLE)]
    opened = [
        json.loads(vault.open(sealed, bound_to=("phone", *identity)).reveal()) for *identity, sealed in phones
    ]
    assert opened == [["86", f"1380000{number:04}"] for number in range(PEOPLE)]


def stored(database):
    """Return ``(appid, openid, sealed)`` of all session keys and of all phones."""
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
    return Vault([Secret(base64.b64decode(key))]).is_current(sealed)
