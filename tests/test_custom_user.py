"""The app in a project with a user model of its own. Such a project is a process of its own."""

import os
import subprocess
import sys
from pathlib import Path


def test_the_app_works_with_a_user_model_without_username_and_with_a_uuid() -> None:
    outcome = subprocess.run(  # noqa: S603  our own command line
        [
            sys.executable,
            "-m",
            "pytest",
            "-v",
            "-p",
            "no:cacheprovider",
            "tests/custom_user",
            "tests/api/test_me.py",
            "tests/models/test_migrations.py",
        ],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.custom_user.settings"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stdout[-3000:]
    assert "tests/custom_user/test_logging_in.py" in outcome.stdout
