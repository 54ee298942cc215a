from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path
from django.views import defaults
from django.views.static import serve
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from wxlogin.api.views import NotFoundView

API = "api/wechat/"

urlpatterns = [
    path(API, include("wxlogin.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("admin/", admin.site.urls),
    # Good enough for a small project. A larger one lets its web server or an object storage serve media files.
    path("media/<path:path>", serve, {"document_root": settings.MEDIA_ROOT}),
]


class RefusedView(NotFoundView):
    """Refuse a request as malformed, in the API's own format."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise SuspiciousOperation


def handler400(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request that a middleware refuses, such as one for a host that isn't in ``ALLOWED_HOSTS``."""
    if request.path_info.startswith(f"/{API}"):
        return RefusedView.as_view()(request)
    return defaults.bad_request(request, exception)
