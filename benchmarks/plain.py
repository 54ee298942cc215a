"""An admin site with a plain ``ModelAdmin`` for each of our tables, mounted next to our own pages."""

from django.contrib import admin
from django.urls import path

from project.urls import urlpatterns as ours
from wxlogin.models import LoginFailure, LoginSession, SessionKey, StaffAct, WeChatUser

site = admin.AdminSite(name="plain")


class PeopleAdmin(admin.ModelAdmin):
    list_display = ["openid", "nickname", "appid", "user", "last_login_at", "created_at"]
    list_filter = ["appid", "user__is_active", "last_login_at", "created_at"]
    search_fields = ["openid", "unionid", "user__username"]
    date_hierarchy = "created_at"
    raw_id_fields = ["user"]


class SessionAdmin(admin.ModelAdmin):
    list_display = ["public_id", "wechat_user", "end_reason", "created_at", "last_seen_at", "ip"]
    list_filter = ["wechat_user__appid", "end_reason", "created_at"]
    search_fields = ["public_id", "wechat_user__openid"]
    date_hierarchy = "created_at"
    raw_id_fields = ["wechat_user"]


class FailureAdmin(admin.ModelAdmin):
    list_display = ["created_at", "appid", "code", "errcode", "ip", "request_id"]
    list_filter = ["appid", "code", "created_at"]
    search_fields = ["request_id", "rid"]
    date_hierarchy = "created_at"
    raw_id_fields = ["wechat_user"]


class KeyAdmin(admin.ModelAdmin):
    list_display = ["wechat_user", "state", "obtained_at"]
    list_filter = ["state"]
    search_fields = ["wechat_user__openid"]
    raw_id_fields = ["wechat_user"]


class ActAdmin(admin.ModelAdmin):
    list_display = ["created_at", "staff_name", "action", "reason"]
    list_filter = ["action", "created_at"]
    search_fields = ["reason", "staff_name"]
    raw_id_fields = ["wechat_user", "staff"]


site.register(WeChatUser, PeopleAdmin)
site.register(LoginSession, SessionAdmin)
site.register(LoginFailure, FailureAdmin)
site.register(SessionKey, KeyAdmin)
site.register(StaffAct, ActAdmin)

urlpatterns = [path("plain/", site.urls), *ours]
