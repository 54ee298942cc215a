"""Filters of the lists. Each offers a few plain choices, since some themes show no other kind of filter."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from wxlogin.clock import utc_now
from wxlogin.conf import conf
from wxlogin.models import LoginSession
from wxlogin.models.lists import newer_than, not_newer_than
from wxlogin.models.users import has_active_column

Choices = list[tuple[str, Any]]


class ChoiceFilter(admin.SimpleListFilter):
    """A filter with ``get_choices`` and ``apply``. An unknown value matches no row."""

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return self.get_choices()

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value is None:
            return queryset
        if value not in dict(self.get_choices()):
            return queryset.none()
        return self.apply(queryset, value)

    def get_choices(self) -> Choices:
        raise NotImplementedError

    def apply(self, queryset: Any, value: str) -> Any:
        """Return the rows of ``queryset`` that ``value``, one of the choices, stands for."""
        raise NotImplementedError


class AppFilter(ChoiceFilter):
    """Filter by app. The choices come from the settings, which saves a query over the table."""

    title = _("app")
    parameter_name = "app"

    def get_choices(self) -> Choices:
        return [(app.appid, app.name) for app in conf.APPS.values()]

    def apply(self, queryset: Any, value: str) -> Any:
        return queryset.in_app(value)


class StateFilter(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def get_choices(self) -> Choices:
        return [
            ("active", pgettext_lazy("account state", "active")),
            *([("disabled", _("account disabled"))] if has_active_column() else []),
            ("blocked", _("blocked")),
            ("conflict", _("unionid conflict")),
        ]

    def apply(self, queryset: Any, value: str) -> Any:
        now = utc_now()
        if value == "disabled":
            return queryset.disabled()
        if value == "blocked":
            return queryset.blocked(now)
        if value == "conflict":
            return queryset.all_in_conflict(conf.groups())
        active = queryset.active() if has_active_column() else queryset
        return active.not_blocked(now)


class KnownFilter(ChoiceFilter):
    """Filter by whether a value is known."""

    def get_choices(self) -> Choices:
        return [("yes", _("known")), ("no", _("not known"))]


class PhoneFilter(KnownFilter):
    title = _("phone number")
    parameter_name = "phone"

    def apply(self, queryset: Any, value: str) -> Any:
        return queryset.with_any_phone() if value == "yes" else queryset.without_phone()


class UnionidFilter(KnownFilter):
    title = _("unionid")
    parameter_name = "unionid"

    def apply(self, queryset: Any, value: str) -> Any:
        return queryset.with_any_unionid() if value == "yes" else queryset.without_unionid()


class SinceFilter(ChoiceFilter):
    """Filter by a column of times that has an index."""

    column = ""
    days: dict[str, tuple[int, Promise]] = {
        "1": (1, _("Past 24 hours")),
        "7": (7, _("Past 7 days")),
        "30": (30, _("Past 30 days")),
    }

    def get_choices(self) -> Choices:
        return [*((key, label) for key, (_days, label) in self.days.items()), ("older", _("Longer ago"))]

    def apply(self, queryset: Any, value: str) -> Any:
        now = utc_now()
        if value == "older":
            return not_newer_than(queryset, self.column, now - timedelta(days=30))
        return newer_than(queryset, self.column, now - timedelta(days=self.days[value][0]))


class LastLoginFilter(SinceFilter):
    title = _("last login")
    parameter_name = "last_login"
    column = "last_login_at"


class CreatedFilter(SinceFilter):
    title = _("created")
    parameter_name = "created"
    column = "created_at"


class SessionStateFilter(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def get_choices(self) -> Choices:
        return [("live", _("live")), *LoginSession.EndReason.choices]

    def apply(self, queryset: Any, value: str) -> Any:
        now = utc_now()
        if value == "live":
            return queryset.live(now)
        if value == LoginSession.EndReason.EXPIRED:
            return queryset.expired(now)
        return queryset.ended_by(value)
