"""Run the own tests of the mini-program's client in Node. They start a Django server of their own on SQLite."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.process import ROOT, environment_with

CLIENT = ROOT / "miniprogram"
TESTS = sorted(CLIENT.glob("tests/*.test.js"))
# "required": a missing Node is a failure. "no": the tests run elsewhere.
MODE = os.environ.get("MINIPROGRAM", "")
OLDEST_NODE = 18
MAX_RUN = 300  # seconds


def reason_to_skip() -> str:
    if MODE == "no":
        return "the client's tests run on another database"
    if not shutil.which("node") or not shutil.which("npm"):
        return "there is no Node here"
    if (version := node_version()) < OLDEST_NODE:
        return f"the client's tests need Node {OLDEST_NODE}, here is {version}"
    if not (CLIENT / "node_modules").exists():
        return "what the client's tests need is not installed: npm ci in miniprogram/"
    return ""


def node_version() -> int:
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)  # noqa: S607
    return int(shown.stdout.removeprefix("v").partition(".")[0])


def test_there_are_tests_of_the_client() -> None:
    assert len(TESTS) > 7


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name.removesuffix(".test.js"))
def test_the_client_passes_its_own_tests(file: Path) -> None:
    if (problem := reason_to_skip()) and MODE != "required":
        pytest.skip(problem)
    assert not problem

    run = subprocess.run(  # noqa: S603
        ["node", "--test", str(file)],  # noqa: S607
        cwd=CLIENT,
        env=environment_with(HOME=os.environ.get("HOME", ""), PYTHON=sys.executable, MINIPROGRAM=MODE),
        capture_output=True,
        text=True,
        check=False,
        timeout=MAX_RUN,
    )

    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert re.search(r"^. pass [1-9]", run.stdout, re.M), run.stdout
