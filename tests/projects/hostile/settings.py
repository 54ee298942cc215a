"""A host project whose DRF settings would break an API that relied on the defaults."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["ATOMIC_REQUESTS"] = True
# Another name, since the run that started this one uses the usual test database.
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_hostile"})
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.AdminRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": "1/day"},
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rest_framework.negotiation.DefaultContentNegotiation",
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "DEFAULT_VERSION": "1",
    "ALLOWED_VERSIONS": [],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 1,
    "EXCEPTION_HANDLER": "tests.projects.hostile.settings.swallow",
    "DATETIME_FORMAT": "%d.%m.%Y",
    "UPLOADED_FILES_USE_URL": False,
    "COERCE_DECIMAL_TO_STRING": False,
    "NON_FIELD_ERRORS_KEY": "oops",
    "STRICT_JSON": False,
}
TIME_ZONE = "Asia/Shanghai"


def swallow(exc: Exception, context: object) -> None:
    return None
