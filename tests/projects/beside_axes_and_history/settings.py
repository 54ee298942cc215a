"""A host project whose users have a history. Its limit on logins is that of the demo project, django-axes."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "simple_history", "tests.projects.beside_axes_and_history"]
AUTH_USER_MODEL = "guests.Guest"
MIDDLEWARE = [*MIDDLEWARE, "simple_history.middleware.HistoryRequestMiddleware"]
# Another name, since the run that started this one uses the usual test database.
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_guests"})
