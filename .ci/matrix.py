"""Run the suite on SQLite for each supported pair of Python and Django, and once with the lowest versions.

A cell is one such pair. It has a virtual environment of its own under `.matrix/`, which later runs reuse.
`rm -r .matrix` starts anew, for example to get a newer patch release of Django.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".matrix"

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# The oldest Python that each Django supports, among ours.
DJANGOS = {"5.2": "3.11", "6.0": "3.12", "6.1": "3.12"}
# The development requirements that the suite needs on a machine without a browser.
TOOLS = ("hatchling", "jsonschema", "polib", "pytest", "pytest-django", "pytest-xdist", "time-machine")
# The caller's environment must not choose where a cell runs.
FOREIGN = re.compile(
    r"(DATABASE_URL|REDIS_URL|DISASTERS|NGINX|SCREENSHOTS|PYTEST_.*|PYTHONPATH|DJANGO_.*|WXLOGIN_.*|WECHAT_.*)$"
)
PARALLEL = ("-n", "auto", "--dist", "worksteal")
DOWNLOAD_LIMIT = 120  # seconds
INSTALL_LIMIT = 900  # seconds
LOG_LINES = 60


class NotInstalled(Exception):
    """An environment could not be made; the text says why."""


@dataclass(frozen=True)
class Cell:
    name: str
    python: str
    # "" for the lowest version that pyproject.toml allows.
    django: str

    @property
    def environment(self) -> Path:
        return HOME / self.name

    @property
    def executable(self) -> Path:
        return self.environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def log(self) -> Path:
        return HOME / f"{self.name}.log"


CELLS = [
    Cell(f"py{python}-django{django}", python, django)
    for python in PYTHONS
    for django, oldest in DJANGOS.items()
    if PYTHONS.index(python) >= PYTHONS.index(oldest)
] + [Cell("lowest", PYTHONS[0], "")]


def run(*command: str | Path, limit: float = 60) -> str:
    """Return what the command prints. Raises ``NotInstalled`` with the last lines of its error output."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=limit,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{Path(command[0]).name} {command[1]} took longer than {limit:.0f} s") from None
    except subprocess.CalledProcessError as exc:
        lines = [line.strip() for line in exc.stderr.splitlines() if line.strip()]
        raise NotInstalled(" ".join(lines[-3:]) or f"exit code {exc.returncode}") from None
    except OSError as exc:
        raise NotInstalled(str(exc)) from None
    return done.stdout


@cache
def uv() -> str:
    """Return the path of uv, or "" if there is none."""
    return shutil.which("uv", path=str(ROOT / ".venv/bin")) or shutil.which("uv") or ""


def interpreters(version: str) -> Iterator[str]:
    """Yield paths that may be an interpreter of this version. The shim of a version manager may be another one."""
    if found := shutil.which(f"python{version}"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python3"), reverse=True):
        yield str(path)
    if uv():
        try:
            listed = json.loads(
                run(uv(), "python", "list", "--only-installed", "--output-format", "json", version)
            )
        except (NotInstalled, ValueError):
            listed = []
        yield from (item["path"] for item in listed)
    yield sys.executable


def usable(candidates: Iterable[str], version: str) -> str:
    """Return the real path of the first candidate that runs and has this version, or ""."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    for candidate in candidates:
        try:
            answer, _, path = run(candidate, "-c", ask).strip().partition(" ")
        except NotInstalled:
            continue
        if answer == version:
            return path
    return ""


@cache
def installed_python(version: str) -> str:
    return usable(interpreters(version), version)


@cache
def python_for(version: str) -> str:
    """Return an interpreter's path; uv downloads one where the machine has none."""
    if found := installed_python(version):
        return found
    if not uv():
        raise NotInstalled(f"no Python {version} on this machine, and no uv to get one")
    try:
        run(uv(), "python", "install", "--no-bin", version, limit=DOWNLOAD_LIMIT)
        return run(uv(), "python", "find", "--managed-python", version).strip()
    except NotInstalled as exc:
        raise NotInstalled(f"no Python {version} on this machine, and uv could not get one: {exc}") from None


def pins() -> dict[str, str]:
    """Return the lines of requirements-dev.txt by package; a package with two lines keeps the last."""
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    return {line.partition("==")[0]: line for line in lines if "==" in line}


def prepare(cell: Cell) -> None:
    """Make the cell's environment, unless one of the same requirements is there."""
    python = python_for(cell.python)
    pinned = pins()
    wanted = ["--editable", ".[project,schema]", *(pinned[tool] for tool in TOOLS)]
    constraints = HOME / f"{cell.name}.constraints.txt"
    HOME.mkdir(exist_ok=True)
    if cell.django:
        wanted += [f"Django~={cell.django}.0", "--constraint", str(constraints)]
        constraints.write_text("".join(f"{line}\n" for name, line in pinned.items() if name != "django"))
    else:
        wanted += ["--resolution", "lowest-direct"]

    files = ("pyproject.toml", "requirements-dev.txt")
    made_of = "\n".join([python, *wanted, *((ROOT / name).read_text() for name in files)])
    digest = hashlib.sha256(made_of.encode()).hexdigest()
    stamp = cell.environment / "made-of"
    if stamp.exists() and stamp.read_text() == digest:
        return

    if not uv():
        raise NotInstalled("there is no uv: make setup installs it")
    shutil.rmtree(cell.environment, ignore_errors=True)
    # With pip, since a test installs the package from its checkout.
    run(uv(), "venv", "--quiet", "--seed", "--python", python, cell.environment)
    run(uv(), "pip", "install", "--quiet", "--python", cell.executable, *wanted, limit=INSTALL_LIMIT)
    stamp.write_text(digest)


def versions(cell: Cell) -> str:
    ask = (
        'import platform; from importlib.metadata import version; print(f"Python {platform.python_version()},'
        " Django {version('django')}, DRF {version('djangorestframework')},"
        " Simple JWT {version('djangorestframework-simplejwt')}\")"
    )
    return run(cell.executable, "-c", ask).strip()


def run_suite(cell: Cell, arguments: list[str]) -> tuple[bool, str]:
    """Return whether the suite passed, and a line that says how it went."""
    environment = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    environment |= {"BROWSER": "no", "MINIPROGRAM": "no", "VIRTUAL_ENV": str(cell.environment)}
    environment["PATH"] = f"{cell.executable.parent}{os.pathsep}{environment.get('PATH', '')}"
    began = time.monotonic()
    with cell.log.open("w") as log:
        done = subprocess.run(
            [cell.executable, "-m", "pytest", *PARALLEL, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    seconds = time.monotonic() - began
    ending = cell.log.read_text(errors="replace").rstrip().rpartition("\n")[2]
    counts = dict.fromkeys(("passed", "failed"), "0")
    counts |= {
        what.rstrip("s"): number
        for number, what in re.findall(r"(\d+) (passed|failed|errors?|skipped)", ending)
    }
    summary = ", ".join(f"{number} {what}" for what, number in counts.items())
    return done.returncode == 0, f"{versions(cell)}: {summary}, {seconds:.0f} s"


def log_end(cell: Cell) -> str:
    lines = cell.log.read_text(errors="replace").rstrip().splitlines()
    return "\n".join([f"=== {cell.name}, the end of {cell.log.relative_to(ROOT)}", *lines[-LOG_LINES:]])


def show_cells(cells: list[Cell]) -> None:
    for cell in cells:
        django = f"Django {cell.django}" if cell.django else "the lowest versions that pyproject.toml allows"
        where = installed_python(cell.python) or "not on this machine: uv will be asked for it"
        print(f"{cell.name:20} Python {cell.python} ({where}), {django}")


def missing_python_message(version: str, cells: list[Cell]) -> str:
    """Return why cells that need this Python can't run; "" if they can, or if there are none."""
    try:
        if any(cell.python == version for cell in cells):
            python_for(version)
    except NotInstalled as exc:
        return str(exc)
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--list", action="store_true", help="show the cells and the Pythons for them, run nothing"
    )
    parser.add_argument(
        "--only", action="append", metavar="CELL", help="run this cell; may be given repeatedly"
    )
    parser.add_argument("--python", metavar="VERSION", help="print the path of this Python, run nothing")
    parser.add_argument("pytest", nargs="*", metavar="-- ARGUMENT", help="arguments for pytest")
    options = parser.parse_args()
    if unknown := set(options.only or ()) - {cell.name for cell in CELLS}:
        parser.error(f"no such cell: {', '.join(sorted(unknown))}; --list shows all")
    cells = [cell for cell in CELLS if not options.only or cell.name in options.only]
    if options.list:
        show_cells(cells)
        return 0
    if options.python:
        try:
            print(python_for(options.python))
        except NotInstalled as exc:
            sys.exit(str(exc))
        return 0

    missing = {version: reason for version in PYTHONS if (reason := missing_python_message(version, cells))}
    passed, failed, logs = 0, 0, []
    for cell in cells:
        if cell.python in missing:
            continue
        try:
            prepare(cell)
            ok, summary = run_suite(cell, options.pytest)
        except NotInstalled as exc:
            ok, summary = False, f"could not be installed: {exc}"
        else:
            if not ok:
                logs.append(log_end(cell))
        passed, failed = passed + ok, failed + (not ok)
        print(f"{'ok' if ok else 'FAILED':6} {cell.name:20} {summary}", flush=True)

    for end in logs:
        print(f"\n{end}")
    for version, reason in missing.items():
        names = ", ".join(cell.name for cell in cells if cell.python == version)
        print(f"\nCould not be had: {names}: {reason}")
    # A cell that was asked for by name has to run, or a green job would say nothing.
    return int(bool(failed or not passed or (options.only and missing)))


if __name__ == "__main__":
    sys.exit(main())
