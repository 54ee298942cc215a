"""The settings of a small real project. Everything that differs between machines comes from the environment."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from pythonjsonlogger.core import RESERVED_ATTRS
from redis.backoff import NoBackoff
from redis.retry import Retry

from wxlogin import __version__

BASE_DIR = Path(__file__).resolve().parent.parent
env = os.environ.get


def flag(name: str) -> bool:
    return env(name, "0").lower() in {"1", "true", "yes", "on"}


def listed(name: str) -> list[str]:
    return [part.strip() for part in env(name, "").split(",") if part.strip()]


def number_or_text(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


DEBUG = flag("DJANGO_DEBUG")
SECRET_KEY = env("DJANGO_SECRET_KEY") or ("only-for-development-" * 3 if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set DJANGO_SECRET_KEY to 50 or so random characters (or DJANGO_DEBUG=1).")
SECRET_KEY_FALLBACKS = listed("DJANGO_SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = listed("DJANGO_ALLOWED_HOSTS")

INSTALLED_APPS = [
    "project",
    "wxlogin",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "axes",
]

MIDDLEWARE = [
    "wxlogin.deadline.middleware",
    "project.health.middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Seconds that the database may take to connect or to run a statement. Even if a transaction is retried after a lock
# timeout, the answer comes within twice the deadline.
DATABASE_WAIT = float(env("WXLOGIN_UPSTREAM_DEADLINE") or 5) * 0.4
# Shorter than DATABASE_WAIT: a lock timeout is retried, but a statement timeout isn't.
LOCK_WAIT = DATABASE_WAIT / 2
WHOLE_SECONDS = max(1, int(DATABASE_WAIT))
DATABASE_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {
        "timeout": DATABASE_WAIT,
        # A transaction takes the write lock when it begins. Otherwise it could fail later with "database is locked".
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;",
    },
    "postgresql": {
        "connect_timeout": WHOLE_SECONDS,
        "options": f"-c statement_timeout={DATABASE_WAIT * 1000:.0f} -c lock_timeout={LOCK_WAIT * 1000:.0f}",
    },
    "mysql": {
        "connect_timeout": WHOLE_SECONDS,
        "read_timeout": WHOLE_SECONDS,
        "write_timeout": WHOLE_SECONDS,
        "charset": "utf8mb4",
        "init_command": f"SET innodb_lock_wait_timeout={max(1, int(LOCK_WAIT))}",
    },
}


def database() -> dict[str, Any]:
    config: dict[str, Any] = dict(
        dj_database_url.parse(
            env("DATABASE_URL") or f"sqlite:///{BASE_DIR / 'db.sqlite3'}",
            conn_max_age=60,
            conn_health_checks=True,
        )
    )
    vendor = config["ENGINE"].rpartition(".")[2].removesuffix("3")
    config["OPTIONS"] = {**DATABASE_OPTIONS.get(vendor, {}), **config.get("OPTIONS", {})}
    return config


def cache() -> dict[str, Any]:
    if not (url := env("REDIS_URL")):
        # With Django's default of 300 entries, counts of the throttles would be dropped.
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "OPTIONS": {
            # A request waits less than a second for a cache that hangs.
            "socket_connect_timeout": 0.4,
            "socket_timeout": 0.4,
            "retry": Retry(NoBackoff(), 0),
            "serializer": "project.cache.JSONSerializer",
        },
    }


DATABASES = {"default": database()}
CACHES = {"default": cache()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
# Serve the admin's files without collectstatic.
WHITENOISE_USE_FINDERS = True
MEDIA_URL = "media/"
MEDIA_ROOT = BASE_DIR / "media"

# A key of their own for the tokens can be replaced while SECRET_KEY stays, after the restore of an older database.
SIMPLE_JWT = {"SIGNING_KEY": env("DJANGO_SIGNING_KEY") or SECRET_KEY}

# Guesses at the staff login are counted for each user name and for each address, in the database: all processes share
# it, and without it nobody could log in anyway.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_USERNAME_CALLABLE = "project.staff_login.counted_name"
AXES_CLIENT_IP_CALLABLE = "project.staff_login.counted_address"
AXES_CLIENT_STR_CALLABLE = "project.staff_login.describe"
AXES_LOCKOUT_CALLABLE = "project.staff_login.answer_locked_out"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
# Or somebody who goes on guessing would lock the person out for ever.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
# Its pages are English, and show what was typed as the name: somebody may type the password there.
AXES_ENABLE_ADMIN = False

REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SPECTACULAR_SETTINGS = {
    "TITLE": "wxlogin",
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "ENFORCE_NON_BLANK_FIELDS": True,
    # The schema is public. A wrong token in the request must not be refused.
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
}

if flag("DJANGO_HTTPS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True


DEMO_APP = {
    "SECRET": "made-up",
    "NAME": "Demo",
    "PUSH_TOKEN": "madeup",
    "PUSH_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


def apps() -> dict[str, Any]:
    if declared := env("WECHAT_APPS"):
        try:
            parsed = json.loads(declared)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            # The value holds secrets, so the message doesn't quote it.
            raise ImproperlyConfigured("WECHAT_APPS is not a JSON object of apps.")
        return parsed
    if appid := env("WECHAT_APPID"):
        return {appid: {"SECRET": env("WECHAT_SECRET", "")}}
    # A fresh checkout can start without settings. Only the fake WeChat accepts this app.
    return {"wx0123456789abcdef": DEMO_APP} if DEBUG else {}


WXLOGIN: dict[str, Any] = {
    name.removeprefix("WXLOGIN_"): number_or_text(value)
    for name, value in os.environ.items()
    if name.startswith("WXLOGIN_") and value
}
WXLOGIN["APPS"] = apps()
if keys := listed("WXLOGIN_ENCRYPTION_KEYS"):
    WXLOGIN["ENCRYPTION_KEYS"] = keys
if fallbacks := listed("WXLOGIN_SIGNING_KEY_FALLBACKS"):
    WXLOGIN["SIGNING_KEY_FALLBACKS"] = fallbacks
if api_base := env("WECHAT_API_BASE"):
    WXLOGIN["API_BASE"] = api_base
if ca_bundle := env("WECHAT_CA_BUNDLE"):
    WXLOGIN["CA_BUNDLE"] = ca_bundle

LOG_LEVEL = env("DJANGO_LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{levelname}{name}{message}",
            "style": "{",
            "timestamp": "time",
            "rename_fields": {"levelname": "level", "name": "logger"},
            # Django adds the request to its lines. Its text shows the query, which may hold a code by mistake.
            "reserved_attrs": [*RESERVED_ATTRS, "request"],
        }
    },
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "json",
            "filters": ["request_id", "refusals"],
        }
    },
    "filters": {
        "request_id": {"()": "wxlogin.log.RequestIdFilter"},
        "refusals": {"()": "project.log.RefusalsInOneLine"},
    },
    "root": {"handlers": ["stdout"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": LOG_LEVEL, "handlers": [], "propagate": True},
        "axes": {"level": "WARNING"},
        # Hide the development server's own lines, which repeat those of django.request.
        "django.server": {"level": "CRITICAL"},
    },
}
