"""The admin as Django ships it, with a strict Content-Security-Policy."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, MIDDLEWARE

THEME = "stock"
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_stock"})
MIDDLEWARE = [*MIDDLEWARE, "tests.browser.csp.middleware"]
