"""The page about kinds of projects lists each host project, in both languages."""

import re
from pathlib import Path

import pytest

from tests.projects.hosts import FOLDER, all_hosts

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\|.*\[(\w+)\]\(\.\./tests/projects/(\w+)\) \|$", re.MULTILINE)


@pytest.mark.parametrize("page", ["hosts.md", "hosts.zh-CN.md"])
def test_every_host_project_has_a_row_and_every_row_a_host_project(page: str) -> None:
    rows = ROW.findall((DOCS / page).read_text())

    assert sorted(name for name, _folder in rows) == sorted(
        path.parent.name for path in FOLDER.glob("*/__init__.py")
    )
    assert all(name == folder for name, folder in rows)


@pytest.mark.parametrize("host", all_hosts(), ids=lambda host: host.name)
def test_every_host_project_has_tests_and_says_what_it_is(host) -> None:
    assert list((FOLDER / host.name).glob("test_*.py")) or host.suite
    assert host.description.partition("\n")[0].endswith(".")


def test_both_pages_have_the_same_rows() -> None:
    names = [
        [name for name, _ in ROW.findall((DOCS / page).read_text())]
        for page in ("hosts.md", "hosts.zh-CN.md")
    ]

    assert names[0] == names[1]
