"""The admin with django-unfold, and our pages on its ``ModelAdmin``, as docs/staff.md shows."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

THEME = "unfold"
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_unfold"})
INSTALLED_APPS = ["unfold", "tests.projects.themes.on_unfold", *INSTALLED_APPS]
