"""The project in a process of its own. The environment of the tests is hidden from it, except by ``suite``."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# One line of pytest's verbose output: a test and its outcome.
OUTCOME = re.compile(r"^(\S+\.py)::.* (PASSED|SKIPPED|FAILED|ERROR|XFAIL|XPASS)\b", re.MULTILINE)


def environment_with(**variables: str) -> dict[str, str]:
    """Return an environment of ``PATH`` and these variables alone."""
    return {"PATH": os.environ.get("PATH", ""), **variables}


def python(*args: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with these arguments, and every warning as an error, until it ends."""
    return subprocess.run(  # noqa: S603  our own command line
        [sys.executable, "-W", "error", *args],
        cwd=ROOT,
        env=environment_with(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def start(*args: str, **environment: str) -> "subprocess.Popen[str]":
    """Start Python as ``python`` does, and don't wait. Both outputs come through ``stdout``."""
    return subprocess.Popen(  # noqa: S603  our own command line
        [sys.executable, "-W", "error", *args],
        cwd=ROOT,
        env=environment_with(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=accept_ctrl_c,
    )


def accept_ctrl_c() -> None:
    """Make a child process end on Ctrl-C. Pass it to ``Popen`` as ``preexec_fn``.

    A process that a shell starts in the background ignores Ctrl-C, and so do its children.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class SuiteRun:
    """A run of test files in another process."""

    returncode: int
    stdout: str
    # The test files that were asked for, and the outcomes of the tests of each file.
    asked_for: set[str]
    outcomes: dict[str, set[str]]

    def assert_passed(self, *, may_skip: bool = False, skipped_files: Collection[str] = ()) -> None:
        """Fail unless the run succeeded, and tests of each file that was asked for passed.

        A skipped test is a failure too, unless ``may_skip``. All tests of each of ``skipped_files`` must be
        skipped.
        """
        report = self.stdout[-8000:]
        assert self.returncode == 0, report
        assert self.asked_for, report
        for file in sorted(self.asked_for):
            found = self.outcomes.get(file, set())
            if file in skipped_files:
                assert found == {"SKIPPED"}, f"{file}: {found}\n{report}"
            else:
                assert "PASSED" in found, f"{file}: {found}\n{report}"
                assert may_skip or "SKIPPED" not in found, f"{file}: {found}\n{report}"


def suite(settings: str, *paths: str) -> SuiteRun:
    """Run test files, or all test files of a folder, in a project with other settings.

    The run uses the database and the cache that our environment names.
    """
    run = subprocess.run(  # noqa: S603  our own command line
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *paths],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings},
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes: dict[str, set[str]] = {}
    for file, outcome in OUTCOME.findall(run.stdout):
        outcomes.setdefault(file, set()).add(outcome)
    asked_for = {file for path in paths for file in _test_files(ROOT / path)}
    return SuiteRun(run.returncode, run.stdout, asked_for, outcomes)


def _test_files(path: Path) -> set[str]:
    files = path.rglob("test_*.py") if path.is_dir() else [path]
    return {file.relative_to(ROOT).as_posix() for file in files}
