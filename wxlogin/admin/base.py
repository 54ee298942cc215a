"""What all staff pages share: nothing can be edited, nothing hidden can be asked for."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from wxlogin.conf import conf


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows mirror what WeChat and the API did; staff act on them through actions only."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    lookups: tuple[str, ...] = ()
    """Query string look-ups that our own links and the field filters use."""

    class Media:
        css = {"all": ["wxlogin/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only along with the Django user, whose delete page asks here for each row that would go too."""
        match = request.resolver_match
        elsewhere = match is not None and not str(match.url_name).startswith("wxlogin_")
        return elsewhere and super().has_delete_permission(request, obj)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Django lets ``?column__startswith=`` through for every column, also for sealed ones."""
        own = {getattr(each, "parameter_name", None) for each in self.list_filter}
        return lookup in own or lookup in self.lookups


class AppFilter(admin.SimpleListFilter):
    """By mini-program, from the settings: no query over the table to find out which there are."""

    title = _("app")
    parameter_name = "app"
    column = "appid"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(app.appid, app.name) for app in conf.APPS.values()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


def app_name(appid: str) -> str:
    app = conf.APPS.get(appid)
    return app.name if app else appid


def shown_time(moment: datetime | None) -> str:
    """As Django shows a column of times; method fields have to do it themselves."""
    return date_format(localtime(moment), "DATETIME_FORMAT") if moment else "-"


def badge(kind: str, text: Any) -> SafeString:
    """``kind``: good, bad or quiet."""
    return format_html('<span class="wxlogin-badge wxlogin-{}">{}</span>', kind, text)
