"""The version before, from git's history."""

import io
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.process import ROOT


class LeftOut(Exception):
    """The reason why there is no version before to upgrade from."""


@dataclass(frozen=True)
class History:
    """The history of a clone. Every method raises ``LeftOut`` if it isn't there."""

    root: Path = ROOT

    def version_before(self) -> str:
        """Return the newest release before HEAD; if there is none, the parent of the last commit with a migration."""
        self._require_history()
        if tag := self._git("describe", "--tags", "--abbrev=0", "HEAD^"):
            return tag
        changed = self._git("log", "-1", "--format=%H", "--", "wxlogin/migrations")
        before = changed and self._git("rev-parse", "--verify", "--quiet", f"{changed}^")
        if not before:
            raise LeftOut("the history has no version with other migrations")
        return before

    def name_of(self, revision: str) -> str:
        """Return its tag or its abbreviated hash, and its date."""
        date = self._git("log", "-1", "--format=%cs", revision)
        return f"{self._git('describe', '--tags', '--always', revision)} of {date}"

    def export(self, revision: str, folder: Path) -> Path:
        """Write the files of ``revision`` into ``folder``, which is new."""
        self._require_history()
        archive = self._run("archive", "--format=zip", revision)
        if archive.returncode:
            raise LeftOut(f"this clone has no {revision}")
        with zipfile.ZipFile(io.BytesIO(archive.stdout)) as files:
            files.extractall(folder)
        return folder

    def _require_history(self) -> None:
        if not (self.root / ".git").exists():
            raise LeftOut("these files are no clone, and only git has the version before")
        if self._git("rev-parse", "--is-shallow-repository") != "false":
            raise LeftOut("this clone has no history; git fetch --unshallow --tags gets it")

    def _git(self, *arguments: str) -> str:
        """Return what git prints, or "" if it fails."""
        done = self._run(*arguments)
        return "" if done.returncode else done.stdout.decode().strip()

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        command = ["git", "-C", str(self.root), *arguments]
        try:
            return subprocess.run(command, capture_output=True, check=False)  # noqa: S603  our own command line
        except FileNotFoundError:
            raise LeftOut("git isn't installed") from None
