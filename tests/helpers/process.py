"""The project in a process of its own, which sees nothing of our environment."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def clean(**environment: str) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), **environment}


def python(*args: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603  our own command line
        [sys.executable, "-W", "error", *args],
        cwd=ROOT,
        env=clean(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def suite(settings: str, *paths: str) -> "subprocess.CompletedProcess[str]":
    """Tests in a project with other settings, on the database that our environment names."""
    return subprocess.run(  # noqa: S603  our own command line
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *paths],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings},
        capture_output=True,
        text=True,
        check=False,
    )


def hear_ctrl_c() -> None:
    """For ``preexec_fn``: what a shell starts in the background is deaf to it, and so are its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*args: str, **environment: str) -> "subprocess.Popen[str]":
    """Both outputs in one pipe."""
    return subprocess.Popen(  # noqa: S603  our own command line
        [sys.executable, "-W", "error", *args],
        cwd=ROOT,
        env=clean(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
