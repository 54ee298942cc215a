"""A host project of many tenants."""

import os

import dj_database_url

from tests.settings import *  # noqa: F403
from tests.settings import MIDDLEWARE

SHARED_APPS = [
    "django_tenants",
    "tests.projects.tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
    "django.contrib.staticfiles",
    "rest_framework",
]
TENANT_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "wxlogin"]
INSTALLED_APPS = ["project", *SHARED_APPS, "drf_spectacular", "wxlogin"]
TENANT_MODEL, TENANT_DOMAIN_MODEL = "tenants.Shop", "tenants.Domain"
MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *MIDDLEWARE]
MIDDLEWARE = [each for each in MIDDLEWARE if not each.startswith("axes.")]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
ALLOWED_HOSTS = [".example"]
DATABASES = {
    "default": {
        **dj_database_url.parse(os.environ["POSTGRESQL_URL"]),
        "ENGINE": "django_tenants.postgresql_backend",
        "TEST": {"NAME": "test_wxlogin_tenants"},
    }
}
