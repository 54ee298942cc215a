"""The architecture page names what there is: files, functions, rooms and import contracts."""

import ast
import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/architecture.md", ROOT / "docs/architecture.zh-CN.md"]
PICTURE = ROOT / "docs/architecture.svg"
each_language = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)

QUOTED = re.compile(r"`([^`\n]+)`")
IN_THE_REPOSITORY = re.compile(r"(?:\.ci|[a-z]+)/[\w./-]*|[\w-]+\.(?:toml|md)")
HOP = re.compile(r"^\d+\. `([^`]+)`(?:: |：)(.+)$", re.M)
# "`name` in `path`", and in Chinese the other way round.
ENGLISH_MENTION = re.compile(r"`([\w.]+)` in `([^`]+)`")
CHINESE_MENTION = re.compile(r"`([^`]+)` 里的 `([\w.]+)`")
# The head of the table has no code in it.
WHERE_TO_FIND = re.compile(r"^\| [^|`]+ \| ([^|]*`[^|]+) \| ([^|]+) \|$", re.M)


def paths_in(text: str) -> list[str]:
    return [quoted for quoted in QUOTED.findall(text) if IN_THE_REPOSITORY.fullmatch(quoted)]


def hops_in(page: Path) -> list[tuple[str, list[str]]]:
    """Return (file, names of functions) of each numbered line. Paths and settings are no functions."""
    hops = HOP.findall(page.read_text())
    return [
        (path, [name for name in QUOTED.findall(line) if re.fullmatch(r"\w+(\.\w+)?", name)])
        for path, line in hops
    ]


def blocks_in(page: Path) -> tuple[str, str]:
    """Return the tree of the rooms, and the layers."""
    tree, layers = re.findall(r"^```\n(.*?)^```", page.read_text(), re.M | re.S)
    return tree, layers


def tree_in(page: Path) -> list[str]:
    """Return the paths in the tree of the rooms, folders with their slash."""
    paths: list[str] = []
    folders: list[str] = []
    for line in blocks_in(page)[0].splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        folders = folders[: len(indent) // 2]
        paths.append("".join([*folders, name]))
        folders.append(name)
    return paths


def names_in(file: Path) -> set[str]:
    """Return the functions, classes, methods and assigned names at the top of a file, or in JavaScript anywhere."""
    text = file.read_text()
    if file.suffix == ".js":
        return set(re.findall(r"\b(?:function|const|let|class) (\w+)", text))
    names: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return names


@each_language
def test_every_path_exists(page: Path) -> None:
    named = {*paths_in(page.read_text()), *tree_in(page)}

    assert len(named) > 100
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    assert [path for path in sorted(named) if path.endswith("/") != (ROOT / path).is_dir()] == []


@each_language
def test_every_function_of_a_hop_exists_in_its_file(page: Path) -> None:
    hops = hops_in(page)
    elsewhere = {"MAX_SESSIONS", "phone_code", "push_received"}

    assert len(hops) > 40
    for path, names in hops:
        mentioned = set(names) - elsewhere
        assert mentioned, path
        assert mentioned <= names_in(ROOT / path), path


def test_every_function_that_the_text_mentions_exists_in_its_file() -> None:
    english = ENGLISH_MENTION.findall(PAGES[0].read_text().replace("\n", " "))
    chinese = CHINESE_MENTION.findall(PAGES[1].read_text())

    assert len(english) == 5
    assert sorted(english) == sorted((name, path) for path, name in chinese)
    for name, path in english:
        assert name in names_in(ROOT / path), path


@each_language
def test_the_tree_holds_everything_in_the_package(page: Path) -> None:
    there = {
        f"wxlogin/{each.name}{'/' if each.is_dir() else ''}"
        for each in (ROOT / "wxlogin").iterdir()
        if each.name not in {"__init__.py", "__pycache__"}
    }

    assert {path for path in tree_in(page) if re.fullmatch("wxlogin/[^/]+/?", path)} == there


@each_language
def test_the_layers_are_those_of_the_import_contract(page: Path) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each.get("containers") == ["wxlogin"])

    assert blocks_in(page)[1].splitlines() == layers


@each_language
def test_the_table_names_a_file_and_a_guard_for_each_question(page: Path) -> None:
    table = WHERE_TO_FIND.findall(page.read_text())

    assert len(table) >= 20
    for files, guards in table:
        assert paths_in(files), files
        assert paths_in(guards), guards


def test_both_languages_name_the_same() -> None:
    english, chinese = PAGES

    assert set(paths_in(english.read_text())) == set(paths_in(chinese.read_text()))
    assert tree_in(english) == tree_in(chinese)
    assert [(path, sorted(names)) for path, names in hops_in(english)] == [
        (path, sorted(names)) for path, names in hops_in(chinese)
    ]
    tables = [
        [tuple(map(paths_in, row)) for row in WHERE_TO_FIND.findall(page.read_text())] for page in PAGES
    ]
    assert tables[0] == tables[1]


def test_the_picture_shows_every_room() -> None:
    # The file is ours.
    drawn = " ".join(ElementTree.parse(PICTURE).getroot().itertext())  # noqa: S314
    rooms = {room for line in blocks_in(PAGES[0])[1].splitlines() for room in line.split(" | ")}

    assert {room for room in rooms if not re.search(rf"\b{room}\b", drawn)} == set()
    for page in PAGES:
        assert f"]({PICTURE.name})" in page.read_text()
