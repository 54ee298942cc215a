from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.static import serve
from drf_spectacular.views import SpectacularAPIView

urlpatterns = [
    path("api/wechat/", include("wxlogin.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("admin/", admin.site.urls),
    # For a project of this size; a larger one has its web server or an object storage do it.
    path("media/<path:path>", serve, {"document_root": settings.MEDIA_ROOT}),
]
