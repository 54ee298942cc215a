"""The URLs of a project that has no admin page for its users."""

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
