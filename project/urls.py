from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("api/wechat/", include("wxlogin.api.urls")),
    path("admin/", admin.site.urls),
]
