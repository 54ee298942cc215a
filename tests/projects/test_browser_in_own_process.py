"""The staff pages in headless Chromium: in the admin as Django ships it, and in two themes. Each is a process."""

import os
import shutil
from importlib.util import find_spec

import pytest

from tests.helpers.process import suite

# "required": a missing browser is a failure. "no": the tests run elsewhere.
MODE = os.environ.get("BROWSER", "")


def reason_to_skip() -> str:
    if MODE == "no":
        return "the browser tests run on another database"
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    missing += [name for name in ("selenium", "unfold", "simpleui") if not find_spec(name)]
    return f"there is no {', '.join(missing)} here" if missing else ""


@pytest.mark.parametrize("theme", ["stock", "unfold", "simpleui"])
def test_staff_work_in_a_browser(theme: str) -> None:
    if (problem := reason_to_skip()) and MODE != "required":
        pytest.skip(problem)
    assert not problem

    run = suite(f"tests.projects.themes.{theme}", "tests/browser")

    is_stock = theme == "stock"
    run.assert_passed(
        may_skip=not is_stock, skipped_files=[] if is_stock else ["tests/browser/test_stock.py"]
    )
