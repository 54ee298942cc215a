from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wxlogin.models import SessionKey
from wxlogin.services.staff import lookup

from ..base import ReadOnlyPage, app_name
from ..filters import AppFilter, ChoiceFilter, Choices
from ..links import link_to
from ..masks import mask_id


class KeyAppFilter(AppFilter):
    column = "wechat_user__appid"


class KeyStateFilter(ChoiceFilter):
    title = _("verdict")
    parameter_name = "state"

    def choices_offered(self) -> Choices:
        return list(SessionKey.State.choices)

    def narrowed(self, queryset: QuerySet[SessionKey], value: str) -> QuerySet[SessionKey]:
        return queryset.filter(state=value)


class SessionKeyPage(ReadOnlyPage):
    """That a key is held, since when and what WeChat said of it; never the key."""

    list_display = ["row", "person", "app", "state", "obtained_at", "checked_at"]
    list_filter = [KeyAppFilter, KeyStateFilter]
    list_select_related = ["wechat_user"]
    ordering = ["-pk"]
    sortable_by = ()
    search_fields = ["pk"]  # what is searched is up to get_search_results
    search_help_text = _("A whole openid, unionid, phone number or user id.")
    fields = ["person", "app", "state", "obtained_at", "checked_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SessionKey], search_term: str
    ) -> tuple[QuerySet[SessionKey], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(wechat_user__in=lookup.pks_in(lookup.find_people(search_term))), False

    @admin.display(description=_("session key"))
    def row(self, key: SessionKey) -> str:
        return str(key.pk)

    @admin.display(description=_("WeChat user"))
    def person(self, key: SessionKey) -> str:
        return link_to(key.wechat_user, mask_id(key.wechat_user.openid))

    @admin.display(description=_("app"))
    def app(self, key: SessionKey) -> str:
        return app_name(key.wechat_user.appid)
