"""The base of all staff pages: read-only rows, no look-ups on hidden columns, no count of a whole table."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest

from .paginator import QuickPaginator

# A page is a mixin, so that a project can combine it with the ``ModelAdmin`` of its theme: see ``register``.
if TYPE_CHECKING:
    Page = admin.ModelAdmin
else:
    Page = object


class OrderedList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.multi_page:
            # Django doesn't ask the paginator if there is only one page.
            self.result_list = self.paginator.rows()

    def get_ordering_field(self, field_name: Any) -> Any:
        """Leave out columns that aren't in ``sortable_by``: Django sorts by any column that ``?o=`` names."""
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class ReadOnlyPage(Page):
    """A page whose rows only WeChat and the API change. Staff change them through an ``Act`` only."""

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = QuickPaginator
    list_class: type[ChangeList] = OrderedList
    lookups: tuple[str, ...] = ()
    """Look-ups that our own links put into the query string. Those of the filters need no entry."""

    class Media:
        css = {"all": ["wxlogin/admin.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        # A theme may have a list class of its own.
        theme_class = super().get_changelist(request, **kwargs)
        return type(self.list_class.__name__, (self.list_class, theme_class), {})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """True only on the delete page of a Django user, which asks here for each row that would be deleted too."""
        match = request.resolver_match
        own_prefix = f"{self.opts.app_label}_"
        is_other_page = match is not None and not str(match.url_name).startswith(own_prefix)
        return is_other_page and super().has_delete_permission(request, obj)

    def filters_in_use(self, request: HttpRequest) -> list[str]:
        """Return ``name=value`` for each of the page's filters that the query string sets."""
        names = self._filter_names()
        return [f"{name}={value}" for name, value in sorted(request.GET.items()) if name in names]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """True for our own look-ups only: Django allows ``?column__startswith=`` for every column, sealed ones too."""
        return lookup in self._filter_names() or lookup in self.lookups

    def _filter_names(self) -> set[str | None]:
        return {getattr(each, "parameter_name", None) for each in self.list_filter}
