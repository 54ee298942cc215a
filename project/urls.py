from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.static import serve
from drf_spectacular.views import SpectacularAPIView

urlpatterns = [
    path("api/wechat/", include("wxlogin.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("admin/", admin.site.urls),
    # Good enough for a small project. A larger one lets its web server or an object storage serve media files.
    path("media/<path:path>", serve, {"document_root": settings.MEDIA_ROOT}),
]
