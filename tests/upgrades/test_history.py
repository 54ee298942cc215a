"""The version before is found in git's history, or there is a reason why not."""

import subprocess
from pathlib import Path

import pytest

from tests.helpers.process import ROOT, python

from .history import History, LeftOut


class Clone:
    """A repository with commits of one file each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "tag.gpgsign=false")
        command = ["git", "-C", str(self.root), *who, "-c", "commit.gpgsign=false", *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  our own command
        return done.stdout.strip()

    def commit(self, path: str) -> str:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
        self.git("add", path)
        self.git("commit", "--quiet", "--message", path)
        return self.git("rev-parse", "HEAD")

    def before(self) -> str:
        return History(self.root).version_before()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path / "clone")
    clone.commit("wxlogin/migrations/0001.py")
    return clone


def test_without_a_release_it_is_the_commit_before_the_last_migration(clone: Clone) -> None:
    before = clone.commit("README.md")
    clone.commit("wxlogin/migrations/0002.py")
    clone.commit("wxlogin/conf.py")

    assert clone.before() == before


def test_with_releases_it_is_the_newest_one_that_HEAD_is_not(clone: Clone) -> None:
    clone.git("tag", "v0.1.0")
    clone.commit("wxlogin/migrations/0002.py")
    assert clone.before() == "v0.1.0"

    clone.git("tag", "v0.2.0")
    assert clone.before() == "v0.1.0"

    clone.commit("README.md")
    assert clone.before() == "v0.2.0"


def test_the_files_are_those_of_the_version(clone: Clone, tmp_path: Path) -> None:
    before = clone.git("rev-parse", "HEAD")
    clone.commit("wxlogin/migrations/0002.py")

    files = History(clone.root).export(before, tmp_path / "before")

    assert [file.name for file in files.rglob("*.py")] == ["0001.py"]


def test_without_a_history_the_reason_is_told(clone: Clone, tmp_path: Path) -> None:
    with pytest.raises(LeftOut, match="no version with other migrations"):
        clone.before()
    clone.commit("README.md")
    shallow = tmp_path / "shallow"
    clone.git("clone", "--quiet", "--depth=1", f"file://{clone.root}", str(shallow))
    with pytest.raises(LeftOut, match="git fetch --unshallow"):
        History(shallow).version_before()
    with pytest.raises(LeftOut, match="no clone"):
        History(tmp_path).export("v0.1.0", tmp_path / "before")


def test_an_unknown_version_is_left_out(clone: Clone, tmp_path: Path) -> None:
    with pytest.raises(LeftOut, match=r"no v9\.9"):
        History(clone.root).export("v9.9", tmp_path / "before")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone")
def test_the_command_says_that_it_is_left_out() -> None:
    run = python("-m", "tests.upgrades", "--from", "no-such-version")

    assert run.stdout.startswith("left out: ")
    assert run.returncode == 1
