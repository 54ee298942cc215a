"""What staff can narrow lists by: plain choices, since some themes show nothing else."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from wxlogin.conf import conf
from wxlogin.models import LoginSession
from wxlogin.models.users import has_active_column

Choices = list[tuple[str, Any]]


class ChoiceFilter(admin.SimpleListFilter):
    """``choices_offered`` and ``narrow``; anything else that is typed into the address finds nothing."""

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return self.choices_offered()

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value is None:
            return queryset
        if value not in dict(self.choices_offered()):
            return queryset.none()
        return self.narrow(queryset, value)

    def choices_offered(self) -> Choices:
        raise NotImplementedError

    def narrow(self, queryset: Any, value: str) -> Any:
        raise NotImplementedError


class AppFilter(ChoiceFilter):
    """By mini-program, from the settings: no query over the table to find out which there are."""

    title = _("app")
    parameter_name = "app"
    column = "appid"

    def choices_offered(self) -> Choices:
        return [(app.appid, app.name) for app in conf.APPS.values()]

    def narrow(self, queryset: Any, value: str) -> Any:
        return queryset.filter(**{self.column: value})


class StateFilter(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def choices_offered(self) -> Choices:
        return [
            ("active", pgettext_lazy("account state", "active")),
            *([("disabled", _("account disabled"))] if has_active_column() else []),
            ("blocked", _("blocked")),
            ("conflict", _("unionid conflict")),
        ]

    def narrow(self, queryset: Any, value: str) -> Any:
        now = timezone.now()
        if value == "disabled":
            return queryset.disabled()
        if value == "blocked":
            return queryset.blocked(now)
        if value == "conflict":
            return queryset.all_in_conflict(conf.groups())
        active = queryset.active() if has_active_column() else queryset
        return active.not_blocked(now)


class YesNoFilter(ChoiceFilter):
    column = ""

    def choices_offered(self) -> Choices:
        return [("yes", _("known")), ("no", _("not known"))]

    def narrow(self, queryset: Any, value: str) -> Any:
        has = {f"{self.column}__gt": ""} if value == "yes" else {self.column: ""}
        return queryset.filter(**has)


class PhoneFilter(YesNoFilter):
    title = _("phone number")
    parameter_name = "phone"
    column = "phone_hash"


class UnionidFilter(YesNoFilter):
    title = _("unionid")
    parameter_name = "unionid"
    column = "unionid"


class SinceFilter(ChoiceFilter):
    """Presets over a column of times that has an index."""

    column = ""
    days: dict[str, tuple[int, Promise]] = {
        "1": (1, _("Past 24 hours")),
        "7": (7, _("Past 7 days")),
        "30": (30, _("Past 30 days")),
    }

    def choices_offered(self) -> Choices:
        return [*((key, label) for key, (_days, label) in self.days.items()), ("older", _("Longer ago"))]

    def narrow(self, queryset: Any, value: str) -> Any:
        now = timezone.now()
        if value == "older":
            return queryset.filter(**{f"{self.column}__lte": now - timedelta(days=30)})
        return queryset.filter(**{f"{self.column}__gt": now - timedelta(days=self.days[value][0])})


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

    def choices_offered(self) -> Choices:
        return [("live", _("live")), *LoginSession.EndReason.choices]

    def narrow(self, queryset: Any, value: str) -> Any:
        now = timezone.now()
        if value == "live":
            return queryset.live(now)
        if value == LoginSession.EndReason.EXPIRED:
            return queryset.expired(now)
        return queryset.filter(end_reason=value)
