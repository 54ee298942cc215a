"""The admin with django-simpleui, which many projects in China use."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

THEME = "simpleui"
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_simpleui"})
INSTALLED_APPS = ["simpleui", *INSTALLED_APPS]
X_FRAME_OPTIONS = "SAMEORIGIN"
# Keep the theme from calling its makers' servers.
SIMPLEUI_HOME_INFO = SIMPLEUI_ANALYSIS = False
