import subprocess
import sys
from pathlib import Path

from tests.helpers.process import ROOT


def test_the_wheel_holds_what_is_promised_to_come_with_it(tmp_path: Path) -> None:
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("django_wxlogin-*.whl")
    listed = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "zipfile", "-l", str(wheel)], check=True, capture_output=True, text=True
    ).stdout

    for needed in (
        "wxlogin/py.typed",
        "wxlogin/locale/zh_Hans/LC_MESSAGES/django.mo",
        "wxlogin/templates/wxlogin/admin/recent_sessions.html",
        "wxlogin/templates/wxlogin/admin/overview.html",
        "wxlogin/static/wxlogin/admin.css",
        "wxlogin/static/wxlogin/overview.css",
        "wxlogin/migrations/0001_initial.py",
        "wxlogin/fakewechat/plugin.py",
    ):
        assert needed in listed
    assert "tests/" not in listed
    assert "project/" not in listed
