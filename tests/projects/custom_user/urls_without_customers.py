"""The project's URLs, had it kept its users out of the admin."""

from django.contrib import admin
from django.urls import include, path

from .models import Customer

site = admin.AdminSite()
for model, model_admin in admin.site._registry.items():
    if model is not Customer:
        site.register(model, type(model_admin))

urlpatterns = [
    path("api/wechat/", include("wxlogin.api.urls")),
    path("admin/", site.urls),
]
