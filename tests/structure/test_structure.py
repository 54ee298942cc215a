"""The structure check names an offence of each kind, and accepts code that only looks like an offence."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "structure.py"


@pytest.fixture(scope="module")
def structure() -> ModuleType:
    spec = importlib.util.spec_from_file_location("structure", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def plant(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    def plant(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return plant


LOOP = {"wxlogin/__init__.py": "", "wxlogin/a.py": "from . import b\n"}
TYPING = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from wxlogin.a import A\n"
PACKAGE = {"wxlogin/pack/__init__.py": "from .one import One\n"}

OFFENCES = {
    "a long file": ({"tests/a.py": "\n" * 301}, "files over 300 lines", "tests/a.py:301: 301 lines"),
    "a long script": (
        {"miniprogram/demo/pages/a.js": "\n" * 301},
        "files over 300 lines",
        "miniprogram/demo/pages/a.js:301: 301 lines",
    ),
    "a circle": (
        LOOP | {"wxlogin/b.py": "import os\nimport wxlogin.a\n"},
        "import circles",
        "wxlogin.a -> wxlogin.b -> wxlogin.a",
    ),
    "a circle in the types": (
        LOOP | {"wxlogin/b.py": TYPING},
        "import circles",
        "wxlogin.a -> wxlogin.b -> wxlogin.a",
    ),
    "a module that imports names back from its package": (
        PACKAGE | {"wxlogin/pack/one.py": "from . import One\n"},
        "import circles",
        "wxlogin.pack -> wxlogin.pack.one -> wxlogin.pack",
    ),
    "a circle through the __init__ of another package": (
        PACKAGE | {"wxlogin/pack/one.py": "import wxlogin.b", "wxlogin/b.py": "import wxlogin.pack.two"},
        "import circles",
        "wxlogin.b -> wxlogin.pack -> wxlogin.pack.one -> wxlogin.b",
    ),
    "a module's docstring": (
        {"benchmarks/a.py": '"""Of no use."""\n'},
        "docstrings",
        "benchmarks/a.py:1: Of no use.",
    ),
    "a class's docstring": (
        {"project/a.py": 'class A:\n    """In place of it."""\n'},
        "docstrings",
        "project/a.py:2: In place of it.",
    ),
    "a method's docstring, in markup": (
        {"miniprogram/tests/server.py": 'class A:\n    async def a(self):\n        """*`Whose`* it is."""\n'},
        "docstrings",
        "miniprogram/tests/server.py:3: *`Whose`* it is.",
    ),
    **{
        f"a docstring that begins with {word}": (
            {"tests/a.py": f'"""{word} the first line."""\n'},
            "docstrings",
            f"tests/a.py:1: {word} the first line.",
        )
        for word in ("At", "In", "On", "After", "Under", "Before", "Between", "Which")
    },
    "a comment behind a closing bracket": (
        {".ci/a.py": "a = int(\n    1\n)  # one\n"},
        "trailing comments",
        ".ci/a.py:3: # one",
    ),
    "a comment that a statement is wrapped around": (
        {".ci/a.py": "a = (\n    1  # one\n)\n"},
        "trailing comments",
        ".ci/a.py:2: # one",
    ),
    "a long comment": (
        {".ci/a.py": f"a = 1  # {'o' * 59}\n"},
        "trailing comments",
        f".ci/a.py:1: # {'o' * 59}",
    ),
    "an import within a function": (
        {"wxlogin/a.py": "class A:\n    def ready(self):\n        import os\n"},
        "imports within functions",
        "wxlogin/a.py:3: import os",
    ),
    "a service that imports django.http": (
        {"wxlogin/services/a.py": "from django.http import HttpRequest\n"},
        "imports of django.http",
        "wxlogin/services/a.py:1: from django.http import HttpRequest",
    ),
    "a service that imports django.http for a type": (
        {"wxlogin/services/a/b.py": "if TYPE_CHECKING:\n    from django import http\n"},
        "imports of django.http",
        "wxlogin/services/a/b.py:2: from django import http",
    ),
    "a service that imports a module of django.http": (
        {"wxlogin/services/a.py": "import os, django.http.request\n"},
        "imports of django.http",
        "wxlogin/services/a.py:1: import os, django.http.request",
    ),
    "a query outside the models": (
        {"wxlogin/a.py": "a.get()\na.filter(\n).order_by()\n"},
        "query calls",
        "wxlogin/a.py:3: .order_by(",
    ),
}


@pytest.mark.parametrize(("files", "rule", "offence"), OFFENCES.values(), ids=OFFENCES.keys())
def test_an_offence_is_named(
    structure: ModuleType,
    plant: Callable[[dict[str, str]], Path],
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    rule: str,
    offence: str,
) -> None:
    root = plant(files)

    assert structure.main(root) == 1

    lines = capsys.readouterr().out.splitlines()
    named = [line for line in lines if line.startswith("  ")]
    heading = lines[lines.index(named[0]) - 1]
    assert heading.startswith(rule)
    assert named[-1].endswith(offence)


FINE = {
    "300 lines": {"tests/a.py": "\n" * 300},
    "300 lines of a script": {"miniprogram/tests/a.js": "\n" * 300},
    "the client's one long file": {"miniprogram/miniprogram_dist/wxlogin.js": "\n" * 301},
    "long scripts of others": {
        "miniprogram/tools/node_modules/a/b.js": "\n" * 301,
        "miniprogram/demo/miniprogram_npm/a.js": "\n" * 301,
        "docs/a.js": "\n" * 301,
    },
    "a script that isn't Python": {"miniprogram/tests/a.js": f"const a = `{{`;  // {'o' * 99}\n"},
    "a long migration": {"wxlogin/migrations/0001_initial.py": "\n" * 301},
    "a package that collects its modules": PACKAGE
    | {"wxlogin/pack/one.py": "from . import two\n", "wxlogin/pack/two.py": ""},
    "modules that import each other's neighbours": LOOP
    | {"wxlogin/b.py": "from . import c\n", "wxlogin/c.py": "import a\nfrom wxlogin import VERSION\n"},
    "a circle that waits for a call": LOOP
    | {"wxlogin/apps.py": "class Config(AppConfig):\n    def ready(self):\n        from . import a\n"}
    | {"wxlogin/b.py": "from . import apps\n"},
    "docstrings": {
        "tests/a.py": '"""True if so."""\n',
        "tests/b.py": '"""``by`` is a name."""\n',
        "tests/c.py": '"""Format it."""\n',
        "tests/d.py": 'a = 1\n"""By no means a docstring."""\n',
        "tests/e.py": '"""In-place sort."""\n',
    },
    "comments": {
        "tests/a.py": f"# {'o' * 99}\na = 1  # {'o' * 58}\nb = '''\n)  # text\n'''\n",
        "tests/b.py": f"import os  # noqa: F401  {'o' * 99}\na = f(\n    1\n)  # type: ignore[call]  it is so\n",
        "tests/c.py": "a = [\n    1,  # one\n    2,  # two\n]\n",
    },
    "imports within functions of tests": {"tests/a.py": "def a():\n    import os\n"},
    "an import that a module may do without": {
        "project/a.py": "try:\n    import a\nexcept ImportError: ...\n"
    },
    "queries of models, and methods of dicts": {
        "wxlogin/models/a.py": "a.filter()\n" * 16,
        "wxlogin/a.py": "a.get()\na.update()\na.values()\nfilter()\na.filter\n" * 16,
    },
    "imports of django.http elsewhere, and of others in services": {
        "wxlogin/api/a.py": "from django.http import HttpRequest\n",
        "wxlogin/services/a.py": "from . import http\nimport django.https\nfrom django import db\n",
    },
}


@pytest.mark.parametrize("files", FINE.values(), ids=FINE.keys())
def test_code_that_only_looks_like_an_offence_passes(
    structure: ModuleType,
    plant: Callable[[dict[str, str]], Path],
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
) -> None:
    root = plant(files)

    status = structure.main(root)

    out = capsys.readouterr().out
    assert status == 0, out
    assert len(out.splitlines()) == len(structure.RULES)
