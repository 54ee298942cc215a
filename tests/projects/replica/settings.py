"""A host project with a replica."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, MIDDLEWARE

writer = DATABASES["default"]
# No test database is made of the replica.
writer["TEST"] = {"NAME": "test_wxlogin_replica", **writer.get("TEST", {}), "DEPENDENCIES": []}
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
    "writer": writer,
}
DATABASE_ROUTERS = ["tests.projects.replica.router.Router"]
MIDDLEWARE = ["tests.projects.replica.router.middleware", *MIDDLEWARE]
AUTHENTICATION_BACKENDS = ["tests.projects.replica.router.StaffBackend"]
