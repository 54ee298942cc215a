"""The instructions that a warm login costs, here and in another version of this repository.

    python -m benchmarks.login --against REVISION

Seconds of a login differ by a fifth from run to run on a machine that does other things too. Instructions, counted by
valgrind, differ by less than a thousandth. The database is SQLite, and WeChat is the fake one, in another process.
"""

import argparse
import compileall
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.torture.processes import ROOT
from benchmarks.torture.wechat import WeChatProcess

APPID, OPENID = "wx0123456789abcdef", "o-a-person-who-logs-in-often"
# A run with more logins costs more by the logins alone. From the eleventh on, each one ends the oldest session.
WARM = 15
FEW, MANY = 20, 120
COUNTED = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
# Run by either version, so it uses nothing of this one.
LOG_IN = """
import gc, json, sys
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
client = Client()
for number, code in enumerate(json.load(sys.stdin)):
    if number == WARM:
        # A collection of what the start has left costs as much as many logins, and comes at any time.
        gc.collect()
        gc.freeze()
    answer = client.post("/api/wechat/login/", {"code": code}, content_type="application/json")
    assert answer.status_code == 200, answer.content
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--against", default="HEAD", metavar="REVISION", help="the other version, HEAD by default"
    )
    revision = parser.parse_args().against
    with tempfile.TemporaryDirectory() as folder:
        wechat = WeChatProcess(
            Path(folder, "wechat.log"), APPID, _settings(Path(folder, "wechat"), API_BASE="")
        )
        try:
            wechat.wait()
            wechat.add_person(OPENID)
            there = _instructions(_checkout(revision, Path(folder, "other")), wechat)
            here = _instructions(ROOT, wechat)
        finally:
            wechat.stop()
    print(  # noqa: T201  the answer of the command
        f"instructions of a warm login: {there:,} at {revision}, {here:,} here: {here / there - 1:+.1%}"
    )


def _checkout(revision: str, folder: Path) -> Path:
    folder.mkdir()
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout  # noqa: S603, S607
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)  # noqa: S603, S607
    return folder


def _instructions(tree: Path, wechat: WeChatProcess) -> int:
    # Else the first run would also compile the modules.
    compileall.compile_dir(str(tree / "wxlogin"), quiet=1)
    compileall.compile_dir(str(tree / "project"), quiet=1)
    few, many = (_count(tree, wechat, logins) for logins in (FEW, MANY))
    return (many - few) // (MANY - FEW)


def _count(tree: Path, wechat: WeChatProcess, logins: int) -> int:
    codes = [wechat.code_for(OPENID) for _ in range(logins)]
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(  # noqa: S603  our own command line
            [*COUNTED, sys.executable, "-c", f"WARM = {WARM}{LOG_IN}"],
            cwd=tree,
            env=_settings(Path(folder), API_BASE=wechat.url) | {"PYTHONPATH": str(tree)},
            input=json.dumps(codes),
            check=True,
            capture_output=True,
            text=True,
        )
    counted = re.search(r"I +refs: +([\d,]+)", run.stderr)
    if not counted:
        sys.exit(f"valgrind counted nothing: {run.stderr[-500:]}")
    return int(counted[1].replace(",", ""))


def _settings(folder: Path, *, API_BASE: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        # Sets and dicts in another order would cost another number of instructions.
        "PYTHONHASHSEED": "0",
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DJANGO_SECRET_KEY": "a-made-up-key-that-is-long-enough-for-hs256",
        "DJANGO_ALLOWED_HOSTS": "testserver",
        "DJANGO_LOG_LEVEL": "ERROR",
        "DATABASE_URL": f"sqlite:///{folder}.sqlite3",
        "WECHAT_APPID": APPID,
        "WECHAT_SECRET": "0123456789abcdef0123456789abcdef",
        "WECHAT_API_BASE": API_BASE,
        "WXLOGIN_ENCRYPTION_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "WXLOGIN_LOGIN_RATE": "1000000/min",
        # Under valgrind a login takes some tenths of a second.
        "WXLOGIN_UPSTREAM_DEADLINE": "60",
    }


if __name__ == "__main__":
    main()
