"""A host project with camelCase as the default of its API, its queries and its schema."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, MIDDLEWARE, SPECTACULAR_SETTINGS

ROOT_URLCONF = "tests.projects.camel_case.urls"
MIDDLEWARE = [*MIDDLEWARE, "djangorestframework_camel_case.middleware.CamelCaseMiddleWare"]
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["djangorestframework_camel_case.render.CamelCaseJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "djangorestframework_camel_case.parser.CamelCaseJSONParser",
        "djangorestframework_camel_case.parser.CamelCaseFormParser",
        "djangorestframework_camel_case.parser.CamelCaseMultiPartParser",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "tests.projects.camel_case.views.describe_error",
}
SPECTACULAR_SETTINGS = {
    **SPECTACULAR_SETTINGS,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "drf_spectacular.contrib.djangorestframework_camel_case.camelize_serializer_fields",
    ],
}
# Another name, since the run that started this one uses the usual test database.
DATABASES["default"].setdefault("TEST", {"NAME": "test_wxlogin_camel_case"})
