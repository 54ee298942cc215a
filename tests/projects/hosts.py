"""The host projects of this folder: what each one is, what it needs, and how it is run.

A host project is a folder with settings and a few tests. Its ``__init__.py`` says in its docstring what kind of project
it stands for, and in three constants what a machine needs for it: ``SERVERS``, variables that name a server, such as
``POSTGRESQL_URL``; ``PROGRAMS`` on the PATH; and ``PACKAGES`` to import. ``SUITE`` names files and folders of the usual
tests that run in the project, too.
"""

import importlib
import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent
# "required": a host project whose servers, programs or packages are missing is a failure. "no": none is run.
MODE = os.environ.get("HOSTS", "")


@dataclass(frozen=True)
class Host:
    """One host project."""

    name: str
    description: str
    suite: list[str]
    missing: list[str]

    @property
    def settings(self) -> str:
        return f"tests.projects.{self.name}.settings"

    @property
    def paths(self) -> list[str]:
        """The tests that run in this project: its own, and those of the usual suite."""
        return [f"tests/projects/{self.name}", *self.suite]


def all_hosts() -> list[Host]:
    """Return the folders that name a ``SUITE``. The others are run by a test of their own."""
    modules = [
        importlib.import_module(f"tests.projects.{path.parent.name}")
        for path in sorted(FOLDER.glob("*/__init__.py"))
    ]
    return [_read(module) for module in modules if hasattr(module, "SUITE")]


def _read(module: ModuleType) -> Host:
    missing = [each for each in getattr(module, "SERVERS", []) if not os.environ.get(each)]
    missing += [each for each in getattr(module, "PROGRAMS", []) if not shutil.which(each)]
    missing += [each for each in getattr(module, "PACKAGES", []) if not find_spec(each)]
    return Host(module.__name__.rpartition(".")[2], (module.__doc__ or "").strip(), module.SUITE, missing)
