"""Links between the pages of the documentation, and the import paths in the changelog."""

import re
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("benchmarks/*.md"),
    *ROOT.glob("miniprogram/*.md"),
]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors_in(page: Path) -> set[str]:
    """Return the anchors that a forge makes of the page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_to_a_heading(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors_in(target), f"{path}#{anchor}"


# The client's own pages name files of its npm package.
@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name != "miniprogram"], ids=lambda path: path.name
)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`((?:tests|wxlogin|project|docs|benchmarks)/[\w./*-]+)`", page.read_text())

    for path in named:
        assert "NNNN" in path or list(ROOT.glob(path)), path


def test_the_public_import_paths_of_the_changelog_exist() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    [sentence] = re.findall(r"Public import paths stay: (.*?)Import paths of\s+internals", text, re.S)
    public = re.findall(r"`(wxlogin[\w.]+)`(?: \(([^)]+)\))?", sentence)

    assert len(public) > 7
    for path, names in public:
        found = resolve_name(path)
        for name in re.findall(r"`(\w+)`", names):
            assert hasattr(found, name), f"{path}.{name}"


def test_the_moved_modules_are_where_the_changelog_says() -> None:
    rows = re.findall(r"^  \| (`wxlogin.+) \| (`wxlogin.+) \|$", (ROOT / "CHANGELOG.md").read_text(), re.M)

    assert rows
    for before, now in rows:
        for path in re.findall(r"`([\w.]+)`", before):
            module = path.removesuffix(".RequestIdFilter")
            assert find_spec(module) is None, module
        for path in re.findall(r"`([\w.]+)`", now):
            resolve_name(path)
