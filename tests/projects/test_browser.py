"""The staff pages in headless Chromium, in the admin as Django ships it and in two themes; a process each."""

import os
import shutil
from importlib.util import find_spec

import pytest

from tests.helpers.process import suite

MODE = os.environ.get("BROWSER", "")  # "required": a missing browser is a failure; "no": run elsewhere


def why_not() -> str:
    if MODE == "no":
        return "the browser tests run on another database"
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    missing += [name for name in ("selenium", "unfold", "simpleui") if not find_spec(name)]
    return f"there is no {', '.join(missing)} here" if missing else ""


@pytest.mark.parametrize("theme", ["stock", "unfold", "simpleui"])
def test_staff_work_in_a_browser(theme: str) -> None:
    if (problem := why_not()) and MODE != "required":
        pytest.skip(problem)
    assert not problem

    run = suite(f"tests.projects.{theme}_settings", "tests/browser")

    assert run.returncode == 0, run.stdout[-8000:]
    assert "skipped" in run.stdout or theme == "stock"
