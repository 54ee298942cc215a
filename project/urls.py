from django.contrib import admin
from django.urls import include, path

from . import health

urlpatterns = [
    path("api/wechat/", include("wxlogin.api.urls")),
    path("admin/", admin.site.urls),
    path("livez", health.livez),
    path("readyz", health.readyz),
]
