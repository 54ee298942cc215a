"""atheris runs for a few seconds. Without atheris the tests are skipped, unless ``ATHERIS=required``."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.helpers.process import ROOT, environment_with

SECONDS = os.environ.get("ATHERIS_SECONDS", "5")


@pytest.mark.parametrize(("target", "least"), [("decrypt", 1000), ("push", 100)])
def test_only_documented_errors_come_out(tmp_path: Path, target: str, least: int) -> None:
    if not find_spec("atheris") and os.environ.get("ATHERIS") != "required":
        pytest.skip("atheris isn't installed")
    command = [sys.executable, "-m", "tests.fuzz", target, "--seconds", SECONDS, "--seed", "1"]

    run = subprocess.run(  # noqa: S603  our own command line
        [*command, "--keep", str(tmp_path)],
        cwd=ROOT,
        env=environment_with(),
        capture_output=True,
        check=False,
    )

    report = run.stderr.decode(errors="replace")
    assert run.returncode == 0, report[-4000:] + run.stdout.decode(errors="replace")[-4000:]
    assert int(re.search(r"Done (\d+) runs", report)[1]) > least
