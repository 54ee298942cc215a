from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from wxlogin.models import LoginFailure

from .base import AppFilter, ReadOnlyAdmin, app_name, badge
from .masks import mask_address


class LoginFailureAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "app", "answer", "errcode", "rid", "address", "request_id"]
    list_filter = [AppFilter]
    ordering = ["-created_at"]
    sortable_by = ["created_at"]
    search_fields = ["request_id__exact"]
    search_help_text = _("A whole request id, as the answer's X-Request-ID said.")
    fields = ["created_at", "app", "answer", "errcode", "rid", "address", "request_id"]

    @admin.display(description=_("app"))
    def app(self, failure: LoginFailure) -> str:
        return app_name(failure.appid)

    @admin.display(description=_("our answer"))
    def answer(self, failure: LoginFailure) -> str:
        return badge("bad", failure.code)

    @admin.display(description=_("IP address"))
    def address(self, failure: LoginFailure) -> str:
        return mask_address(failure.ip)
