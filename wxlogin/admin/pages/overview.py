"""The staff's first page: figures, health, and why somebody can't log in. Nothing on it can be changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from wxlogin.models import LoginFailure, WeChatUser
from wxlogin.models.figures import BEYOND, BUCKETS
from wxlogin.services.meanings import Finding, explain
from wxlogin.services.staff import diagnosis, lookup
from wxlogin.services.upkeep import doctor, figures
from wxlogin.services.upkeep.figures import Day, Figures
from wxlogin.shared_cache import shared_cache

from ..base import ReadOnlyPage
from ..columns import app_name, format_time, mask_id
from ..links import link_to, list_of

MOST_PEOPLE = 5  # that are diagnosed at once
LONGEST_KEY = 128
PAUSE = 10  # seconds between two examinations
STEP, BAR, HEIGHT = 20, 16, 100  # of a chart, in units of its own


class OverviewPage(ReadOnlyPage):
    class Media:
        css = {"all": ["wxlogin/admin.css", "wxlogin/overview.css"]}

    def get_urls(self) -> list[URLPattern]:
        within = self.admin_site.admin_view
        return [
            path("", within(self.changelist_view), name="wxlogin_overview_changelist"),
            path("why/", within(self.why_view), name="wxlogin_overview_why"),
        ]

    def _examined(self, request: HttpRequest) -> Any:
        """Once in a while: each examination asks WeChat, and logins need the same places in the queue."""
        if shared_cache.run(lambda store: store.add("wxlogin:examined", 1, PAUSE)):
            return _judged(doctor.examine())
        text = _("Somebody has just asked for this. Wait %d seconds.") % PAUSE
        self.message_user(request, text, messages.WARNING)
        return None

    @transaction.non_atomic_requests
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The figures. A POST examines the configuration too, which asks WeChat."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        appid = request.GET.get("app", "")
        shown = figures.overview(appid)
        context = {
            "figures": shown,
            "tiles": _tiles(shown),
            "charts": _charts(shown),
            "failures": _failures(request, shown),
            "apps": [(app_name(app.appid) or "-", app) for app in shown.apps],
            "app_links": _app_links(shown, appid),
            "settled_until": format_time(shown.settled_until),
            "findings": self._examined(request) if request.method == "POST" else None,
            "may_ask_why": self.has_why_permission(request),
        }
        return self._answer(request, "overview", _("Overview"), {**context, **(extra_context or {})})

    def why_view(self, request: HttpRequest) -> HttpResponse:
        """What was asked for is not shown again: it may be a whole phone number or openid."""
        if not self.has_why_permission(request):
            raise PermissionDenied
        key = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_KEY]
        failure = diagnosis.failure_of(key)
        found = _people_found(key, failure)
        context = {
            "is_asked": bool(key),
            "failure": _failure(request, failure) if failure else None,
            "people": [
                {
                    "link": link_to(person, mask_id(person.openid)),
                    "app": app_name(person.appid),
                    **diagnosis_of_person,
                }
                for person, diagnosis_of_person in _diagnosed(found)
            ],
            "not_shown": max(len(found) - MOST_PEOPLE, 0),
        }
        return self._answer(request, "why", _("Why can't this person log in?"), context)

    def has_why_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("wxlogin.view_wechatuser")

    def _answer(self, request: HttpRequest, page: str, title: Any, context: dict[str, Any]) -> HttpResponse:
        common = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": title,
            "longest_key": LONGEST_KEY,
        }
        return TemplateResponse(request, f"wxlogin/admin/{page}.html", {**common, **context})


@dataclass(frozen=True)
class Tile:
    label: Any
    value: Any
    note: Any = ""


def _tiles(shown: Figures) -> list[Tile]:
    today = shown.today
    return [
        Tile(_("Logins today"), today.logins),
        Tile(_("New people today"), today.new_people),
        Tile(_("Failures today"), today.failures),
        _live_sessions(shown),
        _latency(shown),
    ]


def _live_sessions(shown: Figures) -> Tile:
    if shown.live_sessions is None:
        return Tile(_("Live sessions"), "-", _("not counted yet"))
    at = format_time(shown.live_sessions_at)
    return Tile(_("Live sessions"), shown.live_sessions, format_lazy(_("counted at {at}"), at=at))


def _latency(shown: Figures) -> Tile:
    label = _("WeChat's answer time today")
    if shown.p50_ms is None or shown.p95_ms is None:
        return Tile(label, "-")
    note = format_lazy(_("half of the calls; 95 of 100: {bound}"), bound=_bound(shown.p95_ms))
    return Tile(label, _bound(shown.p50_ms), note)


def _bound(milliseconds: int) -> Any:
    """Figures know the upper bound of a bucket, not the time of each call."""
    if milliseconds == BEYOND:
        return format_lazy(_("> {ms} ms"), ms=BUCKETS[-1])
    return format_lazy(_("≤ {ms} ms"), ms=milliseconds)


@dataclass(frozen=True)
class Bar:
    """Whole numbers, as text: a locale's own digits and commas are no attributes of an SVG."""

    x: str
    y: str
    width: str
    height: str
    date: str
    count: int


@dataclass(frozen=True)
class Chart:
    title: Any
    kind: str
    bars: list[Bar]

    @property
    def total(self) -> int:
        return sum(bar.count for bar in self.bars)

    @property
    def highest(self) -> int:
        return max(bar.count for bar in self.bars)

    @property
    def view_box(self) -> str:
        return f"0 0 {STEP * len(self.bars)} {HEIGHT}"


def _charts(shown: Figures) -> list[Chart]:
    return [
        _chart(_("Logins per day"), "logins", shown.days, lambda day: day.logins),
        _chart(_("New people per day"), "people", shown.days, lambda day: day.new_people),
        _chart(_("Failures per day"), "failures", shown.days, lambda day: day.failures),
    ]


def _chart(title: Any, kind: str, days: list[Day], count_of: Callable[[Day], int]) -> Chart:
    highest = max(map(count_of, days)) or 1
    bars = [_bar(place, day, count_of(day), highest) for place, day in enumerate(days)]
    return Chart(title, kind, bars)


def _bar(place: int, day: Day, count: int, highest: int) -> Bar:
    height = -(-HEIGHT * count // highest)  # rounded up: what happened once is seen
    return Bar(
        x=str(STEP * place + (STEP - BAR) // 2),
        y=str(HEIGHT - height),
        width=str(BAR),
        height=str(height),
        date=date_format(day.date, "SHORT_DATE_FORMAT"),
        count=count,
    )


def _failures(request: HttpRequest, shown: Figures) -> list[dict[str, Any]]:
    may_see_rows = request.user.has_perm("wxlogin.view_loginfailure")
    return [
        {
            "count": each.count,
            "code": each.code,
            "errcode": each.errcode,
            "meaning": explain(each.code, each.errcode),
            "url": list_of(LoginFailure, code=each.code) if may_see_rows else "",
        }
        for each in shown.failures
    ]


def _app_links(shown: Figures, chosen: str) -> list[dict[str, Any]]:
    """None where there is nothing to choose."""
    apps = [app.appid for app in shown.apps if app.appid]
    if len(apps) < 2:
        return []
    everything = {"appid": "", "name": pgettext_lazy("apps", "All"), "is_chosen": not chosen}
    return [
        everything,
        *({"appid": appid, "name": app_name(appid), "is_chosen": appid == chosen} for appid in apps),
    ]


def _judged(findings: Iterable[Finding]) -> list[tuple[str, Any, Finding]]:
    """With the kind and the text of a badge."""
    return [(*_verdict(finding), finding) for finding in findings]


def _verdict(finding: Finding) -> tuple[str, Any]:
    if not finding.is_good:
        return "bad", _("problem")
    return ("quiet", _("note")) if finding.hint else ("good", _("fine"))


def _failure(request: HttpRequest, failure: LoginFailure) -> dict[str, Any]:
    may_see_row = request.user.has_perm("wxlogin.view_loginfailure")
    at = format_time(failure.created_at)
    return {
        "at": link_to(failure, at) if may_see_row else at,
        "app": app_name(failure.appid),
        "code": failure.code,
        "errcode": failure.errcode,
        "meaning": explain(failure.code, failure.errcode),
    }


def _people_found(key: str, failure: LoginFailure | None) -> dict[int, list[Any]]:
    """By primary key; with what led there."""
    found: dict[int, list[Any]] = {}
    for match in lookup.find_people(key) if key else []:
        for pk in match.pks:
            found.setdefault(pk, []).append(match.what)
    if failure and failure.wechat_user_id:
        found.setdefault(failure.wechat_user_id, []).append(_("request id"))
    return found


def _diagnosed(found: dict[int, list[Any]]) -> list[tuple[WeChatUser, dict[str, Any]]]:
    people = WeChatUser.objects.select_related("user").in_bulk(list(found)[:MOST_PEOPLE])
    return [
        (person, {"found_by": found[pk], "findings": _judged(diagnosis.why_not(person))})
        for pk, person in people.items()
    ]
