"""A project whose drf-spectacular is older than what the schema needs."""

from pathlib import Path

import pytest

from tests.helpers.process import python

SETTINGS = """
SECRET_KEY = "made-up-" * 8
WXLOGIN = {"APPS": {"wx1": {"SECRET": "made-up"}}}
INSTALLED_APPS = ["wxlogin", "django.contrib.auth", "django.contrib.contenttypes"]
ROOT_URLCONF = "wxlogin.api.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
"""


def check(folder: Path, version: str | None) -> tuple[int, str]:
    """Run ``check`` in a project with an empty drf_spectacular of this version, or with the one of the tests."""
    (folder / "host_settings.py").write_text(SETTINGS)
    if version:
        (folder / "drf_spectacular").mkdir()
        (folder / "drf_spectacular/__init__.py").write_text(f"__version__ = {version!r}\n")
    outcome = python("-m", "django", "check", DJANGO_SETTINGS_MODULE="host_settings", PYTHONPATH=str(folder))
    return outcome.returncode, outcome.stderr


@pytest.mark.parametrize("version", ["0.29.0", "0.9", "0.27.2.post1"])
def test_an_old_version_is_named_and_does_not_stop_the_process(tmp_path: Path, version: str) -> None:
    status, printed = check(tmp_path, version)

    assert status == 0, printed
    assert f"(wxlogin.W017) drf-spectacular {version} is too old" in printed


def test_a_version_that_is_new_enough_is_used(tmp_path: Path) -> None:
    status, printed = check(tmp_path, None)

    assert status == 0, printed
    assert "wxlogin.W017" not in printed
