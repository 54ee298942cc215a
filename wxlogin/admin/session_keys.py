from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from wxlogin.models import SessionKey

from .base import AppFilter, ReadOnlyAdmin, app_name
from .masks import mask_id


class KeyAppFilter(AppFilter):
    column = "wechat_user__appid"


class SessionKeyAdmin(ReadOnlyAdmin):
    """That a key is held, since when and what WeChat said of it; never the key."""

    list_display = ["person", "app", "state", "obtained_at", "checked_at"]
    list_filter = [KeyAppFilter, "state"]
    list_select_related = ["wechat_user"]
    ordering = ["-pk"]
    sortable_by = ()
    search_fields = ["wechat_user__openid__exact"]
    search_help_text = _("A whole openid.")
    lookups = ("state__exact",)
    fields = ["person", "app", "state", "obtained_at", "checked_at"]

    @admin.display(description=_("WeChat user"))
    def person(self, key: SessionKey) -> str:
        return mask_id(key.wechat_user.openid)

    @admin.display(description=_("app"))
    def app(self, key: SessionKey) -> str:
        return app_name(key.wechat_user.appid)
