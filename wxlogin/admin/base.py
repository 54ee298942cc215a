"""What all staff pages share: nothing can be edited, nothing hidden can be asked for, nothing is counted whole."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from wxlogin.conf import conf

from .paginator import QuickPaginator

# A page is a mixin, so that a project can put it on the ``ModelAdmin`` of its theme: see ``register``.
if TYPE_CHECKING:
    Page = admin.ModelAdmin
else:
    Page = object


class OrderedList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.multi_page:  # then Django leaves the paginator's page aside
            self.result_list = self.paginator.rows()

    def get_ordering_field(self, field_name: Any) -> Any:
        """Django sorts by any column that ``?o=`` names, also by those that ``sortable_by`` leaves out."""
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class ReadOnlyPage(Page):
    """Rows mirror what WeChat and the API did; staff act on them through ``Act``s only."""

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = QuickPaginator
    list_class: type[ChangeList] = OrderedList
    lookups: tuple[str, ...] = ()
    """Query string look-ups that our own links and the field filters use."""

    class Media:
        css = {"all": ["wxlogin/admin.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        theirs = super().get_changelist(request, **kwargs)  # a theme may have one of its own
        return type(self.list_class.__name__, (self.list_class, theirs), {})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only along with the Django user, whose delete page asks here for each row that would go too."""
        match = request.resolver_match
        here = f"{self.opts.app_label}_"
        elsewhere = match is not None and not str(match.url_name).startswith(here)
        return elsewhere and super().has_delete_permission(request, obj)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Django lets ``?column__startswith=`` through for every column, also for sealed ones."""
        own = {getattr(each, "parameter_name", None) for each in self.list_filter}
        return lookup in own or lookup in self.lookups


def app_name(appid: str) -> str:
    app = conf.APPS.get(appid)
    return app.name if app else appid


def shown_time(moment: datetime | None) -> str:
    """As Django shows a column of times; method fields have to do it themselves."""
    return date_format(localtime(moment), "DATETIME_FORMAT") if moment else "-"


def badge(kind: str, text: Any) -> SafeString:
    """``kind``: good, bad or quiet."""
    return format_html('<span class="wxlogin-badge wxlogin-{}">{}</span>', kind, text)


def says(user_text: Any) -> SafeString:
    """Text that people wrote, shown so that it can't reach beyond itself.

    ``bdi`` keeps its writing direction inside; ``v-pre`` tells the themes that compile pages as Vue templates
    to leave it alone.
    """
    return (
        format_html('<bdi v-pre class="wxlogin-said">{}</bdi>', user_text) if user_text else SafeString("-")
    )
