"""Eight processes share one cache that holds no access_token yet."""

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.process import ROOT, environment_with
from tests.settings import APPID
from wxlogin.fakewechat import FakeWeChat

PROCESSES = 8

# Without Redis, the processes share a cache in a database table.
PREPARE = """
import sys, time
from tests import settings
settings.WXLOGIN = {**settings.WXLOGIN, "API_BASE": sys.argv[1]}
if not settings.env("REDIS_URL"):
    settings.CACHES["default"] = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
import django
django.setup()
"""
CREATE = (
    PREPARE
    + """
from django.core.cache import cache
from django.core.management import call_command
call_command("createcachetable")
cache.delete(f"wxlogin:access_token:{settings.APPID}")
"""
)
ASK = (
    PREPARE
    + """
from wxlogin.gateway import get_client
from wxlogin.secret import Secret
client = get_client(settings.APPID)
print("ready", flush=True)
sys.stdin.readline()
print(client._access_token(time.monotonic() + 5).reveal(), client.has_live_session_key("o-alice", Secret(sys.argv[2])))
"""
)


def environment_in(folder: Path) -> dict[str, str]:
    return environment_with(
        DJANGO_SETTINGS_MODULE="tests.settings",
        DATABASE_URL=f"sqlite:///{folder / 'cache.sqlite3'}",
        REDIS_URL=os.environ.get("REDIS_URL", ""),
    )


def test_eight_processes_with_a_cold_cache_make_one_token_call(wechat: FakeWeChat, tmp_path: Path) -> None:
    wechat.fault("/cgi-bin/stable_token", delay=0.2)
    _, session_key = wechat.exchange(wechat.code_for("o-alice"), APPID)
    env = environment_in(tmp_path)
    subprocess.run([sys.executable, "-c", CREATE, wechat.url], cwd=ROOT, env=env, check=True)  # noqa: S603
    processes = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", ASK, wechat.url, session_key],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0] for process in processes]

    assert len(set(answers)) == 1
    assert answers[0].endswith(" True\n")
    asked = [call.path for call in wechat.calls]
    assert asked.count("/cgi-bin/stable_token") == 1
    assert asked.count("/wxa/checksession") == PROCESSES
