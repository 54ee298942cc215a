"""Checks of the structure of the code that ruff, mypy and import-linter don't have."""

import ast
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from io import StringIO
from pathlib import Path
from typing import NamedTuple

FOLDERS = ("wxlogin", "project", "tests", "benchmarks", ".ci", "miniprogram/tests")
SCRIPTS = "miniprogram"
INSTALLED = {"node_modules", "miniprogram_npm"}
MAX_LINES = 300
# The client is one file by decision 0009.
MAY_BE_LONG = {"miniprogram/miniprogram_dist/wxlogin.js"}
MAX_TRAILING_COMMENT = 60

# A docstring begins with a verb or names the thing, so none of these comes first.
BARE_WORDS = {
    *("of", "those", "whom", "whose", "who", "whoever", "what", "whatever", "where", "when", "whether"),
    *("how", "why", "until", "as", "by", "for", "with", "without", "from", "to"),
    *("near", "like", "only", "because", "and", "or", "but", "if"),
    *("also", "so", "once", "not", "else"),
    *("at", "in", "on", "after", "under", "before", "between", "which"),
}
# The lookahead lets a name in double backquotes pass, and the end lets "as-is" and "by_name" pass.
BARE_START = re.compile(rf"(?!\W*``)[\W_]*({'|'.join(sorted(BARE_WORDS))})\b(?!-)", re.IGNORECASE)

# Without "get", "create", "update", "delete" and "values", which are methods of dicts and of others too.
QUERY_METHODS = {
    *("filter", "exclude", "annotate", "aggregate", "order_by", "values_list", "in_bulk", "bulk_create"),
    *("select_related", "prefetch_related", "select_for_update", "get_or_create", "update_or_create"),
}
# Modules that the files below a folder don't import: services get plain values, never an ``HttpRequest``.
FORBIDDEN_IMPORTS = {"wxlogin/services/": "django.http"}
PRAGMA = re.compile(r"#\s*(noqa|type:|fmt:|pragma:)")


class Source(NamedTuple):
    """One file; its path is relative to the root, with slashes. The tree of a JavaScript file is empty."""

    path: str
    text: str
    tree: ast.Module


class Offence(NamedTuple):
    path: str
    line: int
    what: str


def read(root: Path) -> list[Source]:
    """Return the files that the rules look at. Migrations are left out: they are never rewritten."""
    python = {path for folder in FOLDERS for path in (root / folder).rglob("*.py")}
    scripts = set((root / SCRIPTS).rglob("*.js"))
    sources = []
    for file in sorted(python | scripts):
        path = file.relative_to(root)
        if INSTALLED.isdisjoint(path.parts) and "migrations" not in path.parts:
            text = file.read_text(encoding="utf-8")
            tree = ast.parse("" if file in scripts else text, str(path))
            sources.append(Source(path.as_posix(), text, tree))
    return sources


def long_files(sources: list[Source]) -> Iterator[Offence]:
    for path, text, _ in sources:
        lines = len(text.splitlines())
        if lines > MAX_LINES and path not in MAY_BE_LONG:
            yield Offence(path, MAX_LINES + 1, f"{lines} lines")


def import_circles(sources: list[Source]) -> Iterator[Offence]:
    """Name each circle once, then leave one of its imports out to find the next.

    A package stands for its ``__init__``, which runs before a module of the package does. A module within the
    package doesn't count that as an import: the ``__init__`` may import it, but it may not import names back.
    """
    modules = {_module(path): (path, tree) for path, _, tree in sources if path.startswith("wxlogin/")}
    graph = {
        name: _imports(name, path.endswith("/__init__.py"), tree, set(modules))
        for name, (path, tree) in modules.items()
    }
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as exc:
            # The error puts each module before the one that imports it.
            circle = exc.args[1][::-1]
            importer, imported = circle[:2]
            yield Offence(modules[importer][0], graph[importer].pop(imported), " -> ".join(circle))
        else:
            return


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imports(module: str, is_package: bool, tree: ast.Module, known: set[str]) -> dict[str, int]:
    """Return the known modules that this one imports outside its functions, with the line of each import."""
    own = [module, *_packages(module)]
    found: dict[str, int] = {}
    for node in _outside_functions(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".") if is_package else module.split(".")[:-1]
            start = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*start, *filter(None, [node.module])])
            inner = [f"{base}.{alias.name}" for alias in node.names]
            names = [name if name in known else base for name in inner]
        else:
            continue
        for name in names:
            for needed in [name, *(above for above in _packages(name) if above not in own)]:
                if needed in known:
                    found.setdefault(needed, node.lineno)
    return found


def _packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _outside_functions(child)


def bare_docstrings(sources: list[Source]) -> Iterator[Offence]:
    for path, _, tree in sources:
        for node in ast.walk(tree):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            docstring = ast.get_docstring(node)
            if docstring and BARE_START.match(docstring):
                yield Offence(path, node.body[0].lineno, docstring.splitlines()[0])


def trailing_comments(sources: list[Source]) -> Iterator[Offence]:
    """Find comments behind code that are long, or that the formatter has wrapped a statement around."""
    for path, text, _ in sources:
        lines = ["", *text.split("\n"), ""]
        for token in tokenize.generate_tokens(StringIO(text).readline):
            if token.type != tokenize.COMMENT or PRAGMA.match(token.string):
                continue
            row, column = token.start
            code = lines[row][:column].strip()
            if code and (
                len(token.string) > MAX_TRAILING_COMMENT or _wrapped(code, lines[row - 1], lines[row + 1])
            ):
                yield Offence(path, row, token.string)


def _wrapped(code: str, above: str, below: str) -> bool:
    """True if ``code`` begins with a closing bracket, or is the only line between two brackets."""
    alone = above.rstrip().endswith(("(", "[", "{")) and below.lstrip().startswith((")", "]", "}"))
    return alone or code.startswith((")", "]", "}"))


def inner_imports(sources: list[Source]) -> Iterator[Offence]:
    """Find imports within functions. ``AppConfig.ready`` is where Django wants them, so they are fine there."""
    for path, _, tree in sources:
        if not path.startswith(("wxlogin/", "project/")):
            continue
        outside = set(_outside_functions(tree))
        ready = {
            node
            for config in ast.walk(tree)
            if isinstance(config, ast.ClassDef) and any("AppConfig" in ast.unparse(b) for b in config.bases)
            for method in config.body
            if isinstance(method, ast.FunctionDef) and method.name == "ready"
            for node in ast.walk(method)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and node not in outside | ready:
                yield Offence(path, node.lineno, ast.unparse(node))


def forbidden_imports(sources: list[Source]) -> Iterator[Offence]:
    for path, _, tree in sources:
        for folder, module in FORBIDDEN_IMPORTS.items():
            if not path.startswith(folder):
                continue
            for node in ast.walk(tree):
                if any(name == module or name.startswith(f"{module}.") for name in _imported_names(node)):
                    yield Offence(path, getattr(node, "lineno", 1), ast.unparse(node))


def _imported_names(node: ast.AST) -> list[str]:
    """Return the names that an absolute import names, "package.name" for ``from package import name``."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def queries(sources: list[Source]) -> Iterator[Offence]:
    """Find query calls outside the models, whose QuerySet methods hold the SQL."""
    for path, _, tree in sources:
        if not path.startswith("wxlogin/") or path.startswith("wxlogin/models/"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                method = node.func
                if method.attr in QUERY_METHODS:
                    yield Offence(path, method.end_lineno or node.lineno, f".{method.attr}(")


class Rule(NamedTuple):
    name: str
    bound: int
    find: Callable[[list[Source]], Iterator[Offence]]
    suffixes: tuple[str, ...] = (".py",)


RULES = (
    Rule(f"files over {MAX_LINES} lines", 0, long_files, (".py", ".js")),
    Rule("import circles", 0, import_circles),
    Rule("docstrings that begin with a bare word", 0, bare_docstrings),
    Rule("trailing comments that are long or wrap a statement", 0, trailing_comments),
    Rule("imports within functions", 0, inner_imports),
    Rule("imports of django.http in services", 0, forbidden_imports),
    Rule("query calls outside the models", 0, queries),
)


def main(root: Path) -> int:
    """Print a line for each rule, and its offences if they are over its bound. Return the exit status."""
    sources = read(root)
    failed = False
    for rule in RULES:
        offences = sorted(rule.find([source for source in sources if source.path.endswith(rule.suffixes)]))
        print(f"{rule.name}: {len(offences)}, at most {rule.bound}")
        if len(offences) > rule.bound:
            failed = True
            for path, line, what in offences:
                print(f"  {path}:{line}: {what}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[1]))
