"""The settings of the demo project, as it reads them from an environment."""

import os
import runpy
from unittest import mock

from .process import ROOT

SECRET = "made-up-secret-that-nobody-may-see"
# The variables that the project needs.
MINIMUM = {"DJANGO_SECRET_KEY": "made-up-" * 8, "WECHAT_APPID": "wx1", "WECHAT_SECRET": SECRET}


def settings_with(**environment):
    """Return ``project.settings``, read with ``MINIMUM`` and these environment variables alone."""
    with mock.patch.dict(os.environ, {**MINIMUM, **environment}, clear=True):
        return runpy.run_path(str(ROOT / "project" / "settings.py"))
