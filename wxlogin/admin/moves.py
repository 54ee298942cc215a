from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from wxlogin.models import IdentityMove

from .base import ReadOnlyAdmin
from .masks import mask_id


class IdentityMoveAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "person", "from_user", "to_user", "staff_name", "reason"]
    list_filter = ["kind"]
    list_select_related = ["wechat_user"]
    ordering = ["-created_at"]
    sortable_by = ["created_at"]
    lookups = ("kind__exact",)
    fields = ["created_at", "kind", "person", "from_user", "to_user", "staff_name", "reason"]

    @admin.display(description=_("WeChat user"))
    def person(self, move: IdentityMove) -> str:
        return mask_id(move.wechat_user.openid) if move.wechat_user else "-"
