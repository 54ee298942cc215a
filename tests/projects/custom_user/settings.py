"""A host project with a user model of its own."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.custom_user"]
AUTH_USER_MODEL = "customers.Customer"
# Another name, since the run that started this one uses the usual test database.
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_customers"})
